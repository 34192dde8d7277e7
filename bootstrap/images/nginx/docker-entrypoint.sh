#!/bin/sh
# Fills the configuration templates from the environment, then starts nginx.
set -eu

templates=/etc/nginx/templates
output=/etc/nginx/conf.d

# Only environment variables are replaced, so that nginx's variables ($host, $uri) stay.
defined_variables() {
    awk 'BEGIN { for (name in ENVIRON) if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/) printf "${%s} ", name }'
}

fill_templates() {
    [ -d "$templates" ] || return 0
    names=$(defined_variables)
    find -L "$templates" -type f -name '*.template' | while IFS= read -r template; do
        relative=${template#"$templates"/}
        target=$output/${relative%.template}
        mkdir -p "$(dirname "$target")"
        envsubst "$names" <"$template" >"$target"
    done
}

case ${1:-} in
    nginx | nginx-debug) fill_templates ;;
esac

exec "$@"
