#!/bin/sh
# Sets up a Linux machine with an NVIDIA GPU without Docker: Node, the npm packages, ONNX Runtime's CUDA provider.
#   deploy/gpu-box.sh --check    only reports what is installed and what is missing
#   deploy/gpu-box.sh            installs what needs no administrator, reports the rest, ends with `ictal doctor`
#   TENSORFLOW='tensorflow[and-cuda]' deploy/gpu-box.sh      also builds the executor `tensorflow` against that wheel
set -eu

project=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
node_home=${ICTAL_NODE_HOME:-$HOME/.local/ictal-node}
version=24.22.3
mirror=${NODE_MIRROR:-https://nodejs.org/dist}
check_only=no
missing=0

case ${1:-} in
  "") ;;
  --check) check_only=yes ;;
  *) echo "gpu-box: unknown argument $1; expected nothing or --check" >&2; exit 2 ;;
esac

have() { command -v "$1" >/dev/null 2>&1; }
good() { echo "  ok       $1"; }
lacks() { echo "  missing  $1: $2"; missing=$((missing + 1)); }
# Searches the loader's path: the cache of ldconfig and the folders of LD_LIBRARY_PATH.
library() {
  ldconfig -p 2>/dev/null | grep -q "$1" && return
  echo "${LD_LIBRARY_PATH:-}" | tr : '\n' | while read -r folder; do [ -n "$folder" ] && [ -e "$folder/$1" ] && echo found; done | grep -q found
}
node_is_new() { have node && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; }

users_path=$PATH
[ -x "$node_home/bin/node" ] && PATH=$node_home/bin:$PATH

install_node() {
  name=node-v$version-linux-x64.tar.xz
  work=$(mktemp -d)
  (
    cd "$work"
    curl -fsSLO "$mirror/v$version/$name"
    curl -fsSL "$mirror/v$version/SHASUMS256.txt" | grep " $name\$" | sha256sum -c -
    mkdir -p "$node_home"
    tar -xJf "$name" -C "$node_home" --strip-components=1
  )
  rm -rf "$work"
  PATH=$node_home/bin:$PATH
  echo "installed Node $version in $node_home"
}

echo "this machine:"
[ "$(uname -m)" = x86_64 ] || lacks "x86_64" "this is $(uname -m); ONNX Runtime's CUDA provider and this script's Node are for x86_64"
if have nvidia-smi && driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1) && [ -n "$driver" ]; then
  if [ "${driver%%.*}" -ge 525 ]; then good "NVIDIA driver $driver"; else lacks "NVIDIA driver 525 or newer" "found $driver; CUDA 12 needs a newer one (administrator)"; fi
else
  lacks "NVIDIA driver" "nvidia-smi failed; install the driver (administrator), then reboot"
fi
for pair in libcudart.so.12:cuda-cudart-12-6 libcublasLt.so.12:libcublas-12-6 libcufft.so.11:libcufft-12-6 libcurand.so.10:libcurand-12-6 libcudnn.so.9:libcudnn9-cuda-12; do
  if library "${pair%%:*}"; then good "${pair%%:*}"; else lacks "${pair%%:*}" "install ${pair#*:} from NVIDIA's apt repository (administrator)"; fi
done
for pair in tmux:tmux curl:curl xz:xz-utils; do
  if have "${pair%%:*}"; then good "${pair%%:*}"; else lacks "${pair%%:*}" "apt-get install ${pair#*:} (administrator)"; fi
done
if node_is_new; then
  good "Node $(node --version)"
elif [ "$check_only" = yes ]; then
  lacks "Node 20.19 or newer" "deploy/gpu-box.sh installs it in $node_home"
else
  install_node
fi

if [ "$check_only" = no ]; then
  cd "$project"
  npm ci --no-progress
  node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12
  [ -z "${TENSORFLOW:-}" ] || node src/cli/ictal.mjs backend build tensorflow --wheel "$TENSORFLOW"
  node src/cli/ictal.mjs doctor
  case :$users_path: in *":$(dirname "$(command -v node)"):"*) ;; *) echo "gpu-box: for your shell: export PATH=$node_home/bin:\$PATH" ;; esac
fi

[ "$missing" = 0 ] || { echo "gpu-box: $missing missing, see above" >&2; exit 1; }
