#!/usr/bin/env bash
# Makes testdata/made: small archives of invented data by 7-Zip (7zz or 7z) and
# xz, in the methods that no writer in Go makes. Run it in this folder; the
# tests read what it made, and need neither program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
rm -rf made work && mkdir made work && cd work
seven_=$(command -v 7zz || command -v 7z)

# A program of no machine: bytes that look like the calls and jumps of every
# machine that has a filter, and others between them. Text for the rest.
python3 - <<'P'
x, out = 7, bytearray()
def rnd(n):
    global x
    x = (x * 1103515245 + 12345) % 2**31
    return x >> 8 & n - 1
calls = [
    lambda: bytes([0xe8 | rnd(2), rnd(256), rnd(256), rnd(4), [0, 255][rnd(2)]]),                   # x86
    lambda: bytes([0xe8, 0xe8, rnd(256), 0, 0xe9, rnd(256), [0, 255, 0, 1][rnd(4)], 0, [0, 255][rnd(2)]]),
    lambda: bytes([0x48 | rnd(4), rnd(256), rnd(256), rnd(64) << 2 | 1]),                           # PowerPC
    lambda: bytes([rnd(256), rnd(256), rnd(256), 0xeb]),                                            # ARM
    lambda: bytes([rnd(256), 0xf0 | rnd(8), rnd(256), 0xf8 | rnd(8)]),                              # Thumb
    lambda: bytes([0x40, rnd(64), rnd(256), rnd(256)]),                                             # SPARC
    lambda: bytes([rnd(256), rnd(256), rnd(256), 0x94 | rnd(4)]),                                   # ARM64 BL
    lambda: bytes([rnd(32) | rnd(8) << 5, rnd(256), [0, 255][rnd(2)] & 0xe1, 0x90 | rnd(4) << 5]),  # ARM64 ADRP
    lambda: bytes([0x10 | rnd(16)] + [rnd(256) for _ in range(15)]),                                # IA-64
]
while len(out) < 9000:
    if rnd(8) == 0:
        out += bytes(-len(out) % 16)
        # three branches of IA-64: opcode 5 in each slot
        v = 0x12 | sum((5 << 37 | rnd(256) << 13 | rnd(2) << 36) << 5 + 41 * i for i in range(3))
        out += v.to_bytes(16, 'little')
    out += bytes(-len(out) % 4) + calls[rnd(8)]()
out += b'\xe8\xe9\xeb'
open('prog.bin', 'wb').write(out)
# What only the larger window and the longer copies of Deflate64 pack well.
noise = bytes(rnd(256) for _ in range(36000))
open('far.bin', 'wb').write(noise + noise + bytes(5000))
open('list.txt', 'w').write(''.join(f'https://h{i % 37}.example/login:user{i}:pass{i * i}\n' for i in range(300)))
P
touch -d 2024-05-06T07:08:10Z prog.bin list.txt

seven() { local name=$1; shift; "$seven_" a -bso0 -bsp0 -mtm=on -mhc=off "$@" "../made/$name" prog.bin list.txt; }
for f in BCJ PPC IA64 ARM ARMT SPARC ARM64 Delta:4; do
	seven "${f%:*}.7z" -m0="$f" -m1=LZMA2:d=16k
done
seven BCJ2.7z -m0=BCJ2 -m1=LZMA:d=16k -m2=LZMA:d=16k -m3=LZMA:d=16k -mb0:1 -mb0s1:2 -mb0s2:3
seven RISCV.7z -m0=RISCV -m1=LZMA2:d=16k
seven LZMA.7z -m0=LZMA:d=16k
seven PPMd.7z -m0=PPMd:mem=64k
seven BZip2.7z -m0=BZip2
seven Deflate.7z -m0=Deflate
seven Deflate64.7z -m0=Deflate64
"$seven_" a -bso0 -bsp0 -m0=LZMA2:d=16k -psecret -mhe=on ../made/hidden.7z prog.bin list.txt
for m in Deflate64 LZMA BZip2 PPMd XZ; do
	"$seven_" a -bso0 -bsp0 -tzip -mm=$m "../made/$m.zip" prog.bin list.txt || rm -f "../made/$m.zip"
done

for f in x86 powerpc ia64 arm armthumb arm64 sparc delta=dist=3; do
	xz -c --${f} --lzma2=dict=16KiB prog.bin > "../made/${f%%=*}.bin.xz"
done
for c in none crc32 crc64 sha256; do
	xz -c --check=$c --block-size=2000 --lzma2=dict=16KiB list.txt > "../made/$c.txt.xz"
done
{ cat ../made/crc32.txt.xz; head -c 8 /dev/zero; cat ../made/sha256.txt.xz; } > ../made/two.txt.xz
"$seven_" a -bso0 -bsp0 -tzip -mm=Deflate64 ../made/far.zip far.bin
cp prog.bin list.txt ../made
cd .. && rm -r work
