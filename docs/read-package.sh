#!/usr/bin/env bash
# Reads a package of a school with stock tools only: unzip, ssh-keygen, age, zstd, sha256sum, sed, grep.
#
#   read-package.sh package.jzp county.signers county.identity FOLDER
#
# The two key files are those that `jz county export-keys --with-identity` writes; FOLDER must not be there yet. Makes the
# checks of package-format.md §6, but for the exact bytes of the container and the limits, which unzip does not know. The
# entries then stand in FOLDER/lines.json, one a line, photographs beside it.
set -euo pipefail
shopt -s nullglob
package=$1 signers=$2 identity=$3 out=$4
mkdir "$out" "$out/opened"
unzip -q -n "$package" -d "$out/opened"
refuse() { echo "refused: $1" >&2; exit 1; }
opened() { printf '%s/opened/%s' "$out" "$1"; }
text() { sed 's/"township":{[^}]*}//' "$(opened "$2")" | grep -o "\"$1\":\"[^\"]*\"" | cut -d '"' -f 4; }
number() { grep -o "\"$1\":[0-9]*" "$(opened "$2")" | cut -d : -f 2; }
same() { [ "$(text "$1" cert.json)" = "$(text "$1" manifest.json)" ] || refuse "$1 is not that of the certificate"; }
signed() { # who, their keys, namespace, file: the signature is that of the exact bytes
  ssh-keygen -Y verify -q -f "$2" -I "$1" -n "$3" -s "$(opened "$4").sig" < "$(opened "$4")" ||
    refuse "$4 is not signed by the $1"
}
sha() { sha256sum | cut -c 1-64; }

# who may sign: the county vouches for the school's keys, and they for what the package says of itself
signed county "$signers" jzdesk-certificate cert.json
echo "school $(text signing cert.json)" > "$out/school.signers"
signed school "$out/school.signers" jzdesk-package manifest.json
device=$(text device manifest.json) own=$(text device cert.json)
[ "$(printf '%s\n' "$(text signing cert.json)" "$(text sealing cert.json)" | sha | cut -c 1-16)" = "$own" ] || refuse "certificate"
sed -n 's/.*"inherits":\[\([^]]*\)\].*/\1/p' "$(opened cert.json)" | grep -q "\"$device\"" || [ "$device" = "$own" ] || refuse "device"
same county; same school
reader=$(number min_reader manifest.json)
[[ "$(text kind manifest.json) $reader" == "package "[12] ]] || refuse "not a package of format 1 or 2"
[[ ! $(date +%F) > $(text expires cert.json) ]] || echo "note: the certificate ran out; ask the county whether it was renewed" >&2

# every member is the one that was signed, once, and there is no other
sed 's/{"name":/\n&/g' "$(opened manifest.json)" |
  sed -n 's/^{"name":"\([^"]*\)".*"sha256":"\([0-9a-f]*\)".*/\2  \1/p' > "$out/members.sha256"
(cd "$out/opened" && sha256sum --quiet --check --strict ../members.sha256)
[ "$(unzip -Z1 "$package" | wc -l)" -eq $(($(grep -c . "$out/members.sha256") + 2)) ] || refuse "members that were not signed"

# open, and follow the chain: link(n) = SHA-256(link(n-1) ‖ SHA-256(line n))
for chunk in "$out"/opened/c*.age; do age -d -i "$identity" "$chunk" | zstd -d -q; done > "$out/lines.json"
for photo in "$out"/opened/b-*.age; do age -d -i "$identity" "$photo" | zstd -d -q > "$out/$(basename "$photo" .age).jpg"; done
bytes() { printf "$(printf %s "$1" | sed 's/../\\x&/g')"; }
link=$(text chain_before manifest.json) n=$(number first_n manifest.json)
dev="\"dev\":\"$device\"" ep="\"ep\":\"$(text epoch manifest.json)\""
while IFS= read -r line; do
  if [[ $reader = 2 && $line =~ ^\{\"withheld\":\"([0-9a-f]{64})\"\}$ ]]; then hash=${BASH_REMATCH[1]}  # erased by law
  else
    [[ $line == *"$dev"* && $line == *"$ep"* && $line == *"\"n\":$n,"* ]] || refuse "entry $n is not of this journal"
    hash=$(printf %s "$line" | sha)
  fi
  link=$(bytes "$link$hash" | sha) n=$((n + 1))
done < "$out/lines.json"
[ "$link $n" = "$(text chain_after manifest.json) $(($(number last_n manifest.json) + 1))" ] || refuse "the chain is broken"
echo "$(wc -l < "$out/lines.json") entries of $(text school_name cert.json), chain ends in $link"
