"""Search: the places of published sessions, the words they are found by, and each database's own full text."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_rows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("documents", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_search_rows_session_id_sessions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_rows")),
    )
    op.create_index("ix_search_rows_session_id", "search_rows", ["session_id"], unique=False)
    op.create_table(
        "search_words",
        sa.Column("form", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("form", "token", name=op.f("pk_search_words")),
    )
    op.create_index("ix_search_words_token", "search_words", ["token"], unique=False)
    op.create_table(
        "search_heads",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_search_heads_session_id_sessions")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_search_heads")),
    )
    if op.get_bind().dialect.name == "sqlite":
        # Its own tokenizer has nothing to do: tokens come stemmed and folded, between spaces.
        op.execute(
            "CREATE VIRTUAL TABLE search_index USING fts5 (tokens, content='search_rows', content_rowid='id',"
            " tokenize=\"ascii tokenchars '=|-'\")"
        )
        # Fewer pieces to look into for each word of a search, for a little more work at each publishing.
        op.execute("INSERT INTO search_index (search_index, rank) VALUES ('automerge', 2)")
    else:
        op.execute(
            "CREATE TABLE search_index (id BIGINT PRIMARY KEY REFERENCES search_rows (id) ON DELETE CASCADE,"
            " tokens TSVECTOR NOT NULL)"
        )
        # fastupdate would have each search read through what was added last.
        op.execute("CREATE INDEX ix_search_index_tokens ON search_index USING gin (tokens) WITH (fastupdate = off)")
