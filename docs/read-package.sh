#!/usr/bin/env bash
# Reads a package of a school with stock tools only: unzip, ssh-keygen, age, zstd, sha256sum, sed.
#
#   read-package.sh package.jzp county.pub county.identity FOLDER
#
# county.pub is the county's public signing key as one line of OpenSSH, county.identity its age key. Every check of
# package-format.md §6 that needs no program of ours is made; the entries stand in FOLDER/lines.json, one a line.
set -euo pipefail
package=$1 county_pub=$2 identity=$3 out=$4
mkdir -p "$out/opened"
unzip -q -o "$package" -d "$out/opened"
opened() { printf '%s/opened/%s' "$out" "$1"; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$(opened "$2")"; }
signed() { # signer, namespace, file: the signature is that of the exact bytes
  ssh-keygen -Y verify -q -f "$out/$1.signers" -I "$1" -n "$2" -s "$(opened "$3").sig" < "$(opened "$3")"
}

# who may sign: the county vouches for the school's key
echo "county $(cat "$county_pub")" > "$out/county.signers"
signed county jzdesk-certificate cert.json
echo "school $(field signing cert.json)" > "$out/school.signers"
signed school jzdesk-package manifest.json

# every member is the one that was signed, and there is no other
sed 's/{"name":/\n&/g' "$(opened manifest.json)" |
  sed -n 's/^{"name":"\([^"]*\)".*"sha256":"\([0-9a-f]*\)".*/\2  \1/p' > "$out/members.sha256"
(cd "$out/opened" && sha256sum --quiet --check --strict ../members.sha256)
listed=$(grep -c . "$out/members.sha256") found=$(ls "$out/opened" | wc -l)
[ "$found" -eq $((listed + 2)) ] || { echo "members that were not signed" >&2; exit 1; }

# open
for chunk in "$out"/opened/c*.age; do
  age -d -i "$identity" "$chunk" | zstd -d -q
done > "$out/lines.json"

# follow the chain: link(n) = SHA-256(link(n-1) ‖ SHA-256(line n))
sha() { sha256sum | cut -c 1-64; }
bytes() { printf "$(printf %s "$1" | sed 's/../\\x&/g')"; }
link=$(field chain_before manifest.json)
while IFS= read -r line; do
  link=$(bytes "$link$(printf %s "$line" | sha)" | sha)
done < "$out/lines.json"
[ "$link" = "$(field chain_after manifest.json)" ] || { echo "the chain is broken" >&2; exit 1; }
echo "$(wc -l < "$out/lines.json") entries of $(field school_name manifest.json), chain ends in $link"
