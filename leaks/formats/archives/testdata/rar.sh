#!/usr/bin/env bash
# rar.sh DIR makes rar archives of every kind from made/list.txt and made/prog.bin
# in DIR: what TestRealRar reads. RARBIN names the program (RAR
# would be taken for its switches); versions before 7 make
# archives of version 4 as well.
#
# They are not kept in the repository: rar is a trial that anyone may use for 40
# days, and its licence (clause 7) grants the distribution of archives to owners
# of a licence in so many words, and to nobody else.
set -euo pipefail
from=$(cd "$(dirname "${BASH_SOURCE[0]}")/made" && pwd)
out=$1
rar=${RARBIN:-rar}
export LC_ALL=C.UTF-8
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for i in 1 2 3; do
	mkdir -p "log $i"
	cp "$from/list.txt" "log $i/Passwords.txt"
	cp "$from/prog.bin" "log $i/program.exe"
	printf 'имя %s' $i >"log $i/пароли.txt"
	: >"log $i/empty.txt"
done
# Lists that lie in no order do not pack to nothing: volumes need some length.
head -c 200000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null | base64 >noise.txt

versions=5
"$rar" a -idq -ma4 probe.rar noise.txt >/dev/null 2>&1 && [[ $(head -c 7 probe.rar | od -An -tx1) == *'1a 07 00' ]] && versions='4 5'
rm -f probe.rar
for v in $versions; do
	make() { local name=$1; shift; "$rar" a -idq -r -ma$v "$@" "$out/$v-$name.rar" 'log 1' 'log 2' 'log 3' noise.txt; }
	make store -m0
	for m in 1 3 5; do make m$m -m$m; done
	make solid -m5 -s
	make bigdict -m3 -md4m
	make crypt -m3 -psecret
	make hidden -m3 -hpsecret
	make solidcrypt -m3 -s -hpsecret
	make volumes -m3 -v60k
	make solidvolumes -m3 -s -v60k
	make cryptvolumes -m3 -v60k -hpsecret
	make recovery -m3 -rr5p
	make comment -m3 -z"$from/list.txt"
	if [[ $v == 4 ]]; then
		make text -m5 -mct+        # the text model, always
		make text-solid -m5 -mct+ -s
		make oldvolumes -m3 -v60k -vn
		make audio -m5 -mca+ -mcd+ -mce+
	else
		make blake -m3 -htb
	fi
done
