"""Runs the migrations on the connection that `sessions.schema` hands over."""

from alembic import context

from sessions.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
