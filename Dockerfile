# Watchfloor as one image: web, worker and scheduler differ only in their command (docker-compose.yml).

FROM python:3.11-slim AS packages
RUN python -m venv /opt/watchfloor
COPY requirements.lock /tmp/
RUN /opt/watchfloor/bin/python -m pip install --disable-pip-version-check --no-cache-dir \
        --require-hashes --no-deps --only-binary :all: --requirement /tmp/requirements.lock

FROM python:3.11-slim
# Text layout for PDF reports; everything else comes from the lock.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin watchfloor \
    && install -d -o watchfloor -g watchfloor -m 0750 /data
COPY --from=packages /opt/watchfloor /opt/watchfloor
COPY . /srv/watchfloor
WORKDIR /srv/watchfloor
ENV PATH=/opt/watchfloor/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data
RUN python -m compileall -q .
USER watchfloor
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=12s --start-period=40s --retries=3 \
    CMD ["python", "-m", "portal.servers.probe", "/healthz"]
CMD ["python", "-m", "portal.servers.run", "web"]
