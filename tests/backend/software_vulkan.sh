#!/usr/bin/env bash
# A Vulkan that needs no graphics card, so that WebGPU can be tested: Mesa's lavapipe, drawn by the processor.
#
#   software_vulkan.sh FOLDER              fetch it into FOLDER (Debian 12, x86-64), beside the system's own Mesa
#   software_vulkan.sh FOLDER COMMAND ...  run COMMAND with it; needs root, for a mount of its own (see below)
#
# Needs libvulkan1 and what Mesa needs (libllvm15 and libraries of X and Wayland), as a Debian with a Mesa has them.
#
# Debian 12's own Mesa, 22.3, is refused by the WebGPU plug-in's Dawn, so a newer one comes from backports. Nothing is
# installed: apt only fetches, with lists of its own, and the packages are unpacked where they are.
set -euo pipefail
folder=$(realpath -m "${1:?FOLDER}")
shift

fetch() {
    local packages=(mesa-vulkan-drivers libdrm2 libdrm-amdgpu1)
    mkdir -p "$folder"/{lists,archives/partial,debs,root}
    echo "deb http://deb.debian.org/debian bookworm-backports main" >"$folder/sources.list"
    local apt=(apt-get -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=-
        -o Dir::State::Lists="$folder/lists" -o Dir::Cache::Archives="$folder/archives" -o APT::Sandbox::User=root)
    "${apt[@]}" update
    (cd "$folder/debs" && "${apt[@]}" download "${packages[@]/%//bookworm-backports}")
    for package in "$folder"/debs/*.deb; do dpkg -x "$package" "$folder/root"; done
    local libraries="$folder/root/usr/lib/x86_64-linux-gnu"
    local driver="$libraries/libvulkan_lvp.so"
    if LD_LIBRARY_PATH="$libraries" ldd "$driver" | grep "not found" || ! ldconfig -p | grep -q libvulkan.so.1; then
        echo "$0: these libraries are missing; apt-get install libvulkan1 mesa-vulkan-drivers brings them" >&2
        exit 1
    fi
    echo "{\"file_format_version\":\"1.0.0\",\"ICD\":{\"api_version\":\"1.4.305\",\"library_path\":\"$driver\"}}" \
        >"$folder/icd.json"
}

[ -e "$folder/icd.json" ] || fetch
[ $# -gt 0 ] || exit 0

# ONNX Runtime offers a plug-in only the graphics cards that it finds by itself, on the PCI bus. So the command sees a bus
# with one card on it. The plug-in never asks that card: it takes the Vulkan that it is given here.
export VK_DRIVER_FILES="$folder/icd.json" XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/tmp}"
export LD_LIBRARY_PATH="$folder/root/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec unshare --mount bash -euc '
    mount -t tmpfs pretended /sys/bus/pci/devices
    card=/sys/bus/pci/devices/0000:01:00.0
    mkdir "$card"
    echo 0x030000 >"$card/class"
    echo 0x8086 >"$card/vendor"
    echo 0x56a0 >"$card/device"
    exec "$@"' _ "$@"
