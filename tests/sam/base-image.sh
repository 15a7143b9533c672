#!/usr/bin/env bash
# Build a stand-in for AWS's base image of Lambda functions, for machines that reach no image registry.
#
#   usage: tests/sam/base-image.sh NAME      (needs a Docker engine, `make setup` and .venv-runtime; Linux; about 10 s)
#
# It holds this machine's C library and a few of its commands, its CPython, and Lambda's own runtime client with boto3, as they
# are locked in local/requirements-runtime.txt. SAM CLI adds its runtime interface emulator when it invokes a function. It is
# not Amazon Linux: the user is root, and /opt can be written to.
set -euo pipefail
cd "$(dirname "$0")/../.."

image=${1:?usage: tests/sam/base-image.sh NAME}
version=3.13
prefix=$(.venv/bin/python -c 'import sys; print(sys.base_prefix)')
python=$prefix/bin/python$version
site=.venv-runtime

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{var/lang/bin,var/lang/lib,var/task,var/runtime,opt,tmp,etc/ssl/certs,usr/bin,usr/lib,usr/lib64,proc,sys,dev,root,run}
chmod 1777 "$root/tmp"
ln -s usr/bin "$root/bin"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"

# Python without its tests, its GUI and its own packages. Modification times are kept, since .pyc files are checked against them.
cp -a "$python" "$root/var/lang/bin/"
ln -s "python$version" "$root/var/lang/bin/python3"
ln -s "python$version" "$root/var/lang/bin/python"
parts=("python$version")
[ ! -f "$prefix/lib/libpython$version.so.1.0" ] || parts+=("libpython$version.so.1.0")
tar -C "$prefix/lib" --exclude="python$version/test" --exclude="python$version/site-packages/*" --exclude='*/idlelib' \
  --exclude='*/tkinter' --exclude='*/turtledemo' --exclude='*/ensurepip' --exclude="python$version/config-*" \
  --exclude='_tkinter*' --exclude='*.opt-[12].pyc' -cf - "${parts[@]}" | tar -C "$root/var/lang/lib" -xf -
[ ! -f "$root/var/lang/lib/libpython$version.so.1.0" ] || strip --strip-debug "$root/var/lang/lib/libpython$version.so.1.0"
mkdir -p "$root/var/lang/lib/python$version/site-packages"
tar -C "$site" --exclude=./bin --exclude=./ready -cf - . | tar -C "$root/var/lang/lib/python$version/site-packages" -xf -

# The commands that SAM's Dockerfile and the entry point run, and every shared library that any of this needs.
for name in sh bash mv chmod cp rm ls cat env mkdir id; do
  cp -L "$(PATH=/usr/bin:/bin command -v "$name")" "$root/usr/bin/$name"
done
find "$root/usr/bin" "$root/var/lang" -type f \( -perm -u+x -o -name '*.so*' \) -print0 |
  while IFS= read -r -d '' file; do
    LD_LIBRARY_PATH=$root/var/lang/lib ldd "$file" 2>/dev/null || true # scripts are no programs
  done |
  awk '/=> \//{print $3} $1 ~ /^\/lib.*ld-linux/{print $1}' | { grep -v -e "^$root" -e "^$prefix" || true; } | sort -u |
  while IFS= read -r library; do
    case $library in
      /lib/ld-linux-*) cp -L "$library" "$root/usr/lib/" ;;
      /lib64/*) cp -L "$library" "$root/usr/lib64/" ;;
      *) mkdir -p "$root/usr/lib/$(uname -m)-linux-gnu" && cp -L "$library" "$root/usr/lib/$(uname -m)-linux-gnu/" ;;
    esac
  done
# The rest of the C library and of the compiler's, which wheels may expect of any Linux and therefore do not bring.
for name in librt.so.1 libdl.so.2 libpthread.so.0 libutil.so.1 libresolv.so.2 libm.so.6 libgcc_s.so.1 libstdc++.so.6; do
  library=$("$(command -v ldconfig || echo /sbin/ldconfig)" -p | awk -v name="$name" '$1 == name && !found++ { print $NF }')
  [ -z "$library" ] || cp -L "$library" "$root/usr/lib/$(uname -m)-linux-gnu/"
done
[ ! -f /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
printf 'root:x:0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\n' > "$root/etc/group"
printf 'hosts: files dns\n' > "$root/etc/nsswitch.conf"

cat > "$root/var/runtime/bootstrap" <<EOF
#!/bin/bash
export AWS_EXECUTION_ENV=AWS_Lambda_python$version
export PYTHONPATH=\${PYTHONPATH:+\$PYTHONPATH:}\$LAMBDA_TASK_ROOT:/opt/python/lib/python$version/site-packages:/opt/python:/var/runtime
exec \${AWS_LAMBDA_EXEC_WRAPPER:-} /var/lang/bin/python$version -m awslambdaric "\$_HANDLER"
EOF
cat > "$root/lambda-entrypoint.sh" <<'EOF'
#!/bin/sh
export _HANDLER="$1"
if [ -z "${AWS_LAMBDA_RUNTIME_API}" ] && [ -x /usr/local/bin/aws-lambda-rie ]; then
  exec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap "$@"
fi
exec /var/runtime/bootstrap
EOF
chmod 755 "$root/var/runtime/bootstrap" "$root/lambda-entrypoint.sh"

tar -C "$root" --owner=0 --group=0 --sort=name -cf - . | docker import \
  -c 'ENV LANG=C.UTF-8 TZ=:UTC PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime' \
  -c 'WORKDIR /var/task' -c 'ENTRYPOINT ["/lambda-entrypoint.sh"]' - "$image" > /dev/null
echo "built $image"
