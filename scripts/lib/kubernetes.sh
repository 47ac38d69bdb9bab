# shellcheck shell=bash
# Finds the schemas of Kubernetes, which the manifests are held against: the Python package kubernetes-validate, which brings
# them. Where it is missing, pip puts it into .run, and nothing is installed.

SCHEMAS_HOME=$ROOT/.run/kubernetes-validate
SCHEMAS_VERSION=1.37.0

# True when scripts/manifests can be run; PYTHONPATH then leads to what it needs.
kubernetes_schemas() {
    command -v python3 >/dev/null || return 1
    export PYTHONPATH=$SCHEMAS_HOME/$SCHEMAS_VERSION
    schemas_load || { fetch_schemas && schemas_load; } || return 1
}

# Packages that were compiled for another Python are there and cannot be used.
schemas_load() {
    python3 -c 'import kubernetes_validate, jsonschema, yaml' 2>/dev/null
}

fetch_schemas() {
    rm -rf "$SCHEMAS_HOME"
    ends_within 300 python3 -m pip install --quiet --retries 1 --timeout 15 --target "$SCHEMAS_HOME/new" "kubernetes-validate==$SCHEMAS_VERSION" ||
        { rm -rf "$SCHEMAS_HOME"; return 1; }
    mv "$SCHEMAS_HOME/new" "$PYTHONPATH"
}
