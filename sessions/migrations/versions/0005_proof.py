"""Proof: what was taken out, sealed, and the heads of logs that were signed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column("words", sa.Column("rest", sa.String(64), nullable=True))
    op.create_table(
        "sealed",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_sealed_session_id_sessions")),
        sa.PrimaryKeyConstraint("session_id", "digest", name=op.f("pk_sealed")),
    )
    op.create_table(
        "signatures",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_signatures_session_id_sessions")),
        sa.PrimaryKeyConstraint("session_id", "seq", name=op.f("pk_signatures")),
    )
