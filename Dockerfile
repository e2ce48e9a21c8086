# Screens
FROM node:22-bookworm-slim AS screens
WORKDIR /app/static
COPY static/package.json static/package-lock.json static/.npmrc ./
RUN npm ci --no-fund --no-audit
COPY static ./
RUN npm run build

# Packages, by hash
FROM python:3.11-slim-bookworm AS packages
ENV UV_PYTHON_DOWNLOADS=never
WORKDIR /app
RUN python -m venv .venv
COPY requirements-build.txt requirements.txt ./
RUN .venv/bin/pip install --no-cache-dir --require-hashes -r requirements-build.txt \
 && .venv/bin/uv pip install --no-cache --python .venv/bin/python --require-hashes -r requirements.txt
COPY pyproject.toml requirements.in README.md LICENSE ./
COPY live live
COPY moderation moderation
COPY sessions sessions
RUN .venv/bin/uv pip install --no-cache --python .venv/bin/python --no-deps --no-build-isolation --editable . \
 && .venv/bin/uv pip uninstall --python .venv/bin/python uv setuptools

# What runs
FROM python:3.11-slim-bookworm
RUN useradd --system --user-group --no-create-home --uid 10001 facetoface
WORKDIR /app
COPY --from=packages /app /app
COPY --from=screens /app/static/dist static/dist
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    FACETOFACE_HOST=0.0.0.0 FACETOFACE_PORT=8000
USER facetoface
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["facetoface", "run"]
