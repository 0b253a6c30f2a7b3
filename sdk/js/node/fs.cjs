// `node:fs`: an empty file system that is read-only. Reading fails as for a file that does not exist, so that libraries
// with an optional file continue without it. Writing fails with the name of an alternative.
const { FETCH } = require('./lib/late-globals.js');
const { coded } = require('./lib/errors.js');
const { nextTick } = require('./lib/next-tick.js');
const { writeDescriptor } = require('./lib/output.js');

const ADVICE = `A plugin has no files. Keep data with \`kv\` of @toril/plugin, get files with ${FETCH}, or import a text at build time`;

const READS =
  'access copyFile cp lstat open openAsBlob opendir readFile readdir readlink realpath stat statfs watch watchFile';
const WRITES =
  'appendFile chmod chown lchmod lchown link lutimes mkdir mkdtemp rename rm rmdir symlink truncate unlink utimes writeFile';
const DESCRIPTORS = 'close fchmod fchown fdatasync fstat fsync ftruncate futimes read readv write writev';

const missing = (syscall, path) =>
  Object.assign(coded(Error, 'ENOENT', `ENOENT: no such file or directory, ${syscall} '${path}'. ${ADVICE}`), {
    errno: -2,
    syscall,
    path: String(path),
  });
const readOnly = (syscall, path) =>
  Object.assign(coded(Error, 'EROFS', `EROFS: read-only file system, ${syscall} '${path}'. ${ADVICE}`), {
    errno: -30,
    syscall,
    path: String(path),
  });
const closed = (syscall) =>
  Object.assign(coded(Error, 'EBADF', `EBADF: bad file descriptor, ${syscall}. ${ADVICE}`), { errno: -9, syscall });

/** The system calls of functions that are not called like theirs. */
const SYSCALLS = {
  appendFile: 'open',
  copyFile: 'copyfile',
  cp: 'lstat',
  openAsBlob: 'open',
  opendir: 'opendir',
  readFile: 'open',
  readdir: 'scandir',
  realpath: 'lstat',
  writeFile: 'open',
  watchFile: 'stat',
  truncate: 'open',
};
const syscallOf = (name) => SYSCALLS[name] ?? name;

/** The functions that fail: with a callback, synchronous, and with a promise. */
function add(names, failure) {
  for (const name of names.split(' ')) {
    fs[name] = (...args) => {
      const callback = args.findLast((value) => typeof value === 'function');
      if (!callback) throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "cb" argument must be of type function.');
      nextTick(callback, failure(syscallOf(name), args[0]));
    };
    fs[`${name}Sync`] = (path) => {
      throw failure(syscallOf(name), path);
    };
    fs.promises[name] = (path) => Promise.reject(failure(syscallOf(name), path));
  }
}

const constants = {
  F_OK: 0,
  R_OK: 4,
  W_OK: 2,
  X_OK: 1,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 64,
  O_EXCL: 128,
  O_TRUNC: 512,
  O_APPEND: 1024,
  S_IFMT: 61440,
  S_IFREG: 32768,
  S_IFDIR: 16384,
  S_IFLNK: 40960,
  COPYFILE_EXCL: 1,
};

const fs = { constants, ...constants, promises: { constants } };
add(READS, missing);
add(WRITES, readOnly);
add(DESCRIPTORS, closed);

fs.exists = (path, callback) => nextTick(callback, false);
fs.existsSync = () => false;
// With `throwIfNoEntry: false`, Node does not throw either.
for (const name of ['statSync', 'lstatSync']) {
  fs[name] = (path, options) => {
    if (options?.throwIfNoEntry === false) return undefined;
    throw missing(name.replace('Sync', ''), path);
  };
}
fs.realpath.native = fs.realpath;
fs.realpathSync.native = fs.realpathSync;
fs.rmSync = (path, options) => {
  if (!options?.force) throw missing('rm', path);
};
fs.unwatchFile = () => {};

// The standard output exists: loggers write to its descriptor.
const isOutput = (descriptor) => descriptor === 1 || descriptor === 2;
fs.writeSync = (descriptor, data) => {
  if (!isOutput(descriptor)) throw closed('write');
  writeDescriptor(descriptor, data);
  return typeof data === 'string' ? new TextEncoder().encode(data).length : data.length;
};
fs.write = (descriptor, data, ...rest) => {
  const callback = rest.findLast((value) => typeof value === 'function');
  if (!isOutput(descriptor)) return nextTick(callback, closed('write'));
  nextTick(callback, null, fs.writeSync(descriptor, data), data);
};
fs.fsync = (descriptor, callback) => nextTick(callback, isOutput(descriptor) ? null : closed('fsync'));
fs.fsyncSync = (descriptor) => {
  if (!isOutput(descriptor)) throw closed('fsync');
};
fs.close = (descriptor, callback = () => {}) => nextTick(callback, isOutput(descriptor) ? null : closed('close'));

for (const [name, method] of [
  ['createReadStream', 'read'],
  ['createWriteStream', 'write'],
]) {
  fs[name] = (path) => {
    const { Readable, Writable } = require('./stream.js');
    const Base = method === 'read' ? Readable : Writable;
    const stream = new Base({ [method]() {} });
    stream.path = path;
    stream.destroy(method === 'read' ? missing('open', path) : readOnly('open', path));
    return stream;
  };
}
for (const name of [
  'Stats',
  'Dirent',
  'Dir',
  'FSWatcher',
  'ReadStream',
  'WriteStream',
  'FileReadStream',
  'FileWriteStream',
]) {
  // Only for `instanceof`.
  fs[name] = class {};
  Object.defineProperty(fs[name], 'name', { value: name });
}

module.exports = fs;
