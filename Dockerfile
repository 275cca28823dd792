# syntax=docker/dockerfile:1
# Tocsin's image: `docker build -t tocsin .`; the configuration is mounted at /etc/tocsin, the data at /var/lib/tocsin.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /src
RUN pip install --no-cache-dir uv==0.13.9 && python -m venv --without-pip /opt/tocsin
# The libraries are a layer of their own: a change of ours does not fetch them again. The lock also holds the tools of
# the developers; they are taken out again by the list that put them in.
COPY pyproject.toml requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip sync --python /opt/tocsin/bin/python --require-hashes requirements.lock \
    && python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"])' \
    | xargs uv pip uninstall --python /opt/tocsin/bin/python
COPY README.md LICENSE ./
COPY engine ./engine
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --python /opt/tocsin/bin/python --no-deps .

FROM python:${PYTHON}-slim-bookworm
RUN groupadd --system --gid 10001 tocsin \
    && useradd --system --uid 10001 --gid tocsin --home-dir /var/lib/tocsin --create-home tocsin
COPY --from=build /opt/tocsin /opt/tocsin
ENV PATH=/opt/tocsin/bin:$PATH PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1 TOCSIN_CONFIG=/etc/tocsin
USER 10001:10001
WORKDIR /var/lib/tocsin
VOLUME /var/lib/tocsin
EXPOSE 8025
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=4 CMD ["tocsin", "doctor", "--ready"]
ENTRYPOINT ["tocsin"]
CMD ["run", "--log-format", "json"]
