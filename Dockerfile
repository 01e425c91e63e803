# syntax=docker/dockerfile:1
# Two images: `gpu` runs nights on a GPU node, `judge` only judges (lakatos worker, lakatos serve) and has nothing of
# CUDA or Python. Each step is a script under docker/ that runs on its own and can be asked what it would do.
#
#   docker build --target gpu -t lakatos:gpu .
#   docker build --target judge -t lakatos:judge .
#   docker run --gpus all --ipc host -v runs:/data/runs -v models:/data/models lakatos:gpu \
#     run --config configs/gpu-node.toml --until 06:00
#
# Downloads are checked against sums in the steps; with another ELAN_VERSION or ISABELLE_VERSION give its sum too, or
# ELAN_SHA256=unchecked. No secret is taken at build time; keys of servers and queues come as environment variables or files at run time.
# Was never built: no container engine was at hand (README, "Not yet").

ARG NODE_IMAGE=node:24.21.0-bookworm-slim
ARG PLAIN_IMAGE=ubuntu:24.04
ARG CUDA_IMAGE=nvidia/cuda:13.0.1-runtime-ubuntu24.04

FROM ${NODE_IMAGE} AS app
WORKDIR /opt/lakatos
COPY docker/lib.sh docker/app.sh docker/
COPY package.json package-lock.json .npmrc ./
RUN docker/app.sh dependencies
COPY . .
RUN docker/app.sh build

FROM ${PLAIN_IMAGE} AS lean
COPY docker/lib.sh docker/packages.sh docker/lean.sh /steps/
RUN /steps/packages.sh build
ARG ELAN_VERSION=v4.1.2
ARG ELAN_SHA256
ARG MATHLIB_REV=0df444a360eaa60ab8c11dca51a86af692955474
RUN /steps/lean.sh

FROM ${PLAIN_IMAGE} AS isabelle
COPY docker/lib.sh docker/packages.sh docker/isabelle.sh /steps/
RUN /steps/packages.sh build
ARG ISABELLE_VERSION=Isabelle2025
ARG ISABELLE_SHA256
RUN /steps/isabelle.sh

FROM ${PLAIN_IMAGE} AS judge
COPY docker/lib.sh docker/packages.sh docker/user.sh /steps/
RUN /steps/packages.sh runtime && /steps/user.sh /data/runs
COPY --from=app /usr/local/bin/node /usr/local/bin/node
COPY --from=lean /opt/elan /opt/elan
# Lake asks git about it, and git wants to own what it looks at.
COPY --from=lean --chown=10001:10001 /opt/mathlib /opt/mathlib
COPY --from=isabelle /opt/isabelle /opt/isabelle
COPY --from=app /opt/lakatos /opt/lakatos
ENV ELAN_HOME=/opt/elan \
    ISABELLE_TOOL=/opt/isabelle/bin/isabelle \
    NODE_ENV=production \
    PATH=/opt/elan/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /opt/lakatos
USER 10001:10001
VOLUME ["/data/runs"]
EXPOSE 8000
HEALTHCHECK --interval=60s --timeout=10s --start-period=180s CMD ["docker/healthcheck.sh"]
# tini passes signals on and takes in what judges leave behind.
ENTRYPOINT ["tini", "--", "node", "dist/main.js"]
CMD ["worker", "--config", "configs/cluster.toml"]

FROM ${CUDA_IMAGE} AS python
COPY docker/lib.sh docker/packages.sh docker/python.sh docker/vllm.txt trainer/requirements.txt /steps/
RUN /steps/packages.sh gpu \
    && /steps/python.sh /steps/vllm.txt /opt/vllm \
    && /steps/python.sh /steps/requirements.txt /opt/trainer

FROM ${CUDA_IMAGE} AS gpu
COPY docker/lib.sh docker/packages.sh docker/user.sh /steps/
RUN /steps/packages.sh gpu && /steps/user.sh /data/runs /data/models
COPY --from=python /opt/vllm /opt/vllm
COPY --from=python /opt/trainer /opt/trainer
COPY --from=app /usr/local/bin/node /usr/local/bin/node
COPY --from=lean /opt/elan /opt/elan
# Lake asks git about it, and git wants to own what it looks at.
COPY --from=lean --chown=10001:10001 /opt/mathlib /opt/mathlib
COPY --from=isabelle /opt/isabelle /opt/isabelle
COPY --from=app /opt/lakatos /opt/lakatos
ENV ELAN_HOME=/opt/elan \
    ISABELLE_TOOL=/opt/isabelle/bin/isabelle \
    HF_HOME=/data/models \
    VLLM_ALLOW_RUNTIME_LORA_UPDATING=True \
    VLLM_SERVER_DEV_MODE=1 \
    NODE_ENV=production \
    PATH=/opt/elan/bin:/usr/local/nvidia/bin:/usr/local/cuda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /opt/lakatos
USER 10001:10001
VOLUME ["/data/runs", "/data/models"]
EXPOSE 8000
HEALTHCHECK --interval=60s --timeout=10s --start-period=180s CMD ["docker/healthcheck.sh"]
ENTRYPOINT ["tini", "--", "node", "dist/main.js"]
CMD ["run", "--config", "configs/gpu-node.toml", "--until", "06:00"]
