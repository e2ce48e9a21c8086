"""The desk: merging, follow-ups, slower and held input, muted participants, alarms, times to be reached at."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = depends_on = None


def upgrade() -> None:
    # Plain ADD COLUMN on both databases: rebuilding a SQLite table would drop rows that others refer to.
    op.add_column("questions", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("questions", sa.Column("into", sa.String(length=16), nullable=True))
    op.add_column("questions", sa.Column("came_from", sa.String(length=12), nullable=True))
    op.add_column("questions", sa.Column("taken", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("questions", sa.Column("followed", sa.String(length=8), nullable=True))
    op.create_index("ix_questions_author", "questions", ["session_id", "author"], unique=False)
    op.add_column("sessions", sa.Column("slow", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("sessions", sa.Column("hold", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("sessions", sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contacts", sa.Column("times", sa.LargeBinary(), nullable=True))
    op.create_table(
        "mutes",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_mutes_session_id_sessions")),
        sa.PrimaryKeyConstraint("session_id", "person", name=op.f("pk_mutes")),
    )
    op.create_table(
        "alarms",
        sa.Column("question_id", sa.String(length=16), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_alarms_session_id_sessions")),
        sa.PrimaryKeyConstraint("question_id", name=op.f("pk_alarms")),
    )
    op.create_index("ix_alarms_told_at", "alarms", ["told_at"], unique=False)
    # Whoever had been answered or handed on before this migration was taken care of.
    op.execute("UPDATE questions SET taken = TRUE WHERE last_event IN ('question.handed_over', 'question.answered')")
