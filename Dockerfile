# Two images, each one static program and nothing else: no shell, no package manager, not root.
#   docker build --target readerfund .        the service (also what a plain `docker build .` makes)
#   docker build --target paypal-sandbox .    the PayPal emulator, for trying things out

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unversioned
ARG COMMIT=unknown
RUN CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -trimpath -ldflags "-s -w -X main.version=${VERSION} -X main.commit=${COMMIT}" \
    -o /out/ ./cmd/readerfund ./cmd/paypal-sandbox
# Empty folders for the final images, which have no shell to make them.
RUN mkdir -p /empty/data /empty/shared

FROM scratch AS paypal-sandbox
COPY --from=build /out/paypal-sandbox /paypal-sandbox
# Volumes take over owner and mode of the folder they are mounted on.
COPY --from=build --chown=65532:65532 /empty/ /
USER 65532:65532
ENV LISTEN_ADDR=0.0.0.0:8081 DATA_DIR=/data
EXPOSE 8081
HEALTHCHECK --interval=10s --timeout=5s CMD ["/paypal-sandbox", "healthcheck"]
ENTRYPOINT ["/paypal-sandbox"]

FROM scratch AS readerfund
# Roots for PayPal's API; time zones, templates and migrations are in the program itself.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/readerfund /readerfund
USER 65532:65532
ENV LISTEN_ADDR=0.0.0.0:8080 LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s CMD ["/readerfund", "healthcheck"]
ENTRYPOINT ["/readerfund"]
CMD ["serve"]
