"""PostgreSQL finds rows by an index on what they are found by, and keeps no second copy of it.

A copy of all tokens was half of what search kept, and each row that was found was looked up in both.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("DROP TABLE search_index")
    # Numbered as they stand, so that words which follow one another can be asked for.
    op.execute(
        "CREATE FUNCTION search_vector(tokens text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS"
        " $$ SELECT CAST(string_agg('''' || token || ''':' || place, ' ') AS tsvector)"
        " FROM unnest(string_to_array(tokens, ' ')) WITH ORDINALITY AS t (token, place) $$"
    )
    # fastupdate would have each search read through what was added last.
    op.execute(
        "CREATE INDEX ix_search_rows_tokens ON search_rows USING gin (search_vector(tokens)) WITH (fastupdate = off)"
    )
