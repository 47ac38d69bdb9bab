# shellcheck shell=bash
# Finds the schemas of Kubernetes, which the manifests are held against: the Python package kubernetes-validate, which brings
# them. Where it is missing, pip puts it into .run, and nothing is installed.

SCHEMAS_HOME=$ROOT/.run/kubernetes-validate
SCHEMAS_VERSION=1.37.0

# True when scripts/manifests can be run; PYTHONPATH then leads to what it needs.
kubernetes_schemas() {
    command -v python3 >/dev/null || return 1
    export PYTHONPATH=$SCHEMAS_HOME/$SCHEMAS_VERSION
    [ -d "$PYTHONPATH" ] || fetch_schemas || return 1
}

fetch_schemas() {
    rm -rf "$SCHEMAS_HOME"
    ends_within 300 python3 -m pip install --quiet --target "$SCHEMAS_HOME/new" "kubernetes-validate==$SCHEMAS_VERSION" ||
        { rm -rf "$SCHEMAS_HOME"; return 1; }
    mv "$SCHEMAS_HOME/new" "$PYTHONPATH"
}
