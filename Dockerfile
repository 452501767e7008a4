# One image is provider, controller and command line. Any builder takes it: `docker build .`, `buildah build .`
#
# What it runs on has Debian 12's Python and no shell; both bases can be replaced by others of the same Python, 3.11.
ARG BUILDER=docker.io/library/python:3.11-slim-bookworm
ARG BASE=gcr.io/distroless/python3-debian12:nonroot

FROM ${BUILDER} AS dependencies
COPY requirements-run.lock image/slim.py /build/
# Compiled files are marked as never out of date, so that Python looks at no source when it starts.
RUN python3 -m pip install --quiet --root-user-action=ignore --no-cache-dir --no-compile --require-hashes \
        --only-binary=:all: --target=/packages --requirement=/build/requirements-run.lock \
    && python3 /build/slim.py /packages \
    && python3 -m compileall -q --invalidation-mode=unchecked-hash -d /usr/local/lib/python3.11/dist-packages /packages

FROM ${BUILDER} AS program
COPY image/vkp image/vkp-health /program/bin/
COPY kube /program/packages/kube
COPY node /program/packages/node
COPY reflectors /program/packages/reflectors
COPY vk_provider /program/packages/vk_provider
COPY pyproject.toml image/describe.py /build/
RUN python3 /build/describe.py /build/pyproject.toml /program/packages \
    && python3 -m compileall -q --invalidation-mode=unchecked-hash -d /usr/local/lib/python3.11/dist-packages /program/packages

FROM ${BASE}
USER 0
# The base has its own modules as sources only; those that nobody imports stay so.
RUN ["/usr/bin/python3.11", "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash", \
     "-x", "/(config-3.11.*|distutils|idlelib|lib2to3|pydoc_data|sqlite3|test|tkinter|unittest|wsgiref|xmlrpc)/", \
     "/usr/lib/python3.11"]
COPY --from=dependencies /packages /usr/local/lib/python3.11/dist-packages
COPY --from=program /program/packages /usr/local/lib/python3.11/dist-packages
COPY --from=program /program/bin /usr/local/bin
ENV PATH=/usr/local/bin:/usr/bin:/bin
# As number, so that Kubernetes sees that it is not root. It writes nowhere but to what is mounted.
USER 65532:65532
WORKDIR /
ENTRYPOINT ["vkp"]
# For builders and runtimes that know of it; in Kubernetes the probes of the manifests ask the same.
HEALTHCHECK --interval=10s --timeout=5s CMD ["vkp-health"]
LABEL org.opencontainers.image.title=vk-provider \
      org.opencontainers.image.description="Virtual Kubernetes clusters on one host cluster" \
      org.opencontainers.image.licenses=Apache-2.0
