// `node:util/types`: what kind of object a value is.
const tag = (value) => Object.prototype.toString.call(value).slice(8, -1);
const isObject = (value) => value !== null && typeof value === 'object';

/** Whether reading an internal slot works. Unlike a tag, objects cannot pretend to have one. */
const hasSlot = (read) => (value) => {
  if (!isObject(value)) return false;
  try {
    read(value);
    return true;
  } catch {
    return false;
  }
};
const getter = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;

const typedArrayTag = getter(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);
const typed = (name) => (value) => typedArrayTag.call(value) === name;

export const isTypedArray = (value) => typedArrayTag.call(value) !== undefined;
export const isUint8Array = typed('Uint8Array');
export const isUint8ClampedArray = typed('Uint8ClampedArray');
export const isUint16Array = typed('Uint16Array');
export const isUint32Array = typed('Uint32Array');
export const isInt8Array = typed('Int8Array');
export const isInt16Array = typed('Int16Array');
export const isInt32Array = typed('Int32Array');
export const isFloat32Array = typed('Float32Array');
export const isFloat64Array = typed('Float64Array');
export const isBigInt64Array = typed('BigInt64Array');
export const isBigUint64Array = typed('BigUint64Array');

const mapSize = getter(Map.prototype, 'size');
const setSize = getter(Set.prototype, 'size');
const bufferLength = getter(ArrayBuffer.prototype, 'byteLength');

export const isArrayBufferView = ArrayBuffer.isView;
export const isDataView = (value) => ArrayBuffer.isView(value) && !isTypedArray(value);
export const isArrayBuffer = hasSlot((value) => bufferLength.call(value));
export const isSharedArrayBuffer = (value) =>
  typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer;
export const isAnyArrayBuffer = (value) => isArrayBuffer(value) || isSharedArrayBuffer(value);
export const isMap = hasSlot((value) => mapSize.call(value));
export const isSet = hasSlot((value) => setSize.call(value));
export const isWeakMap = hasSlot((value) => WeakMap.prototype.has.call(value, {}));
export const isWeakSet = hasSlot((value) => WeakSet.prototype.has.call(value, {}));
export const isDate = hasSlot((value) => Date.prototype.getTime.call(value));
export const isRegExp = (value) => isObject(value) && tag(value) === 'RegExp';
export const isPromise = (value) => value instanceof Promise;
export const isNativeError = (value) => isObject(value) && (value instanceof Error || tag(value) === 'Error');

export const isNumberObject = hasSlot((value) => Number.prototype.valueOf.call(value));
export const isStringObject = hasSlot((value) => String.prototype.valueOf.call(value));
export const isBooleanObject = hasSlot((value) => Boolean.prototype.valueOf.call(value));
export const isSymbolObject = hasSlot((value) => Symbol.prototype.valueOf.call(value));
export const isBigIntObject = hasSlot((value) => BigInt.prototype.valueOf.call(value));
export const isBoxedPrimitive = (value) =>
  isNumberObject(value) ||
  isStringObject(value) ||
  isBooleanObject(value) ||
  isSymbolObject(value) ||
  isBigIntObject(value);

export const isArgumentsObject = (value) => isObject(value) && tag(value) === 'Arguments';
export const isAsyncFunction = (value) => typeof value === 'function' && /^Async/.test(tag(value));
export const isGeneratorFunction = (value) => typeof value === 'function' && /GeneratorFunction$/.test(tag(value));
export const isGeneratorObject = (value) => isObject(value) && /Generator$/.test(tag(value));
export const isMapIterator = (value) => isObject(value) && tag(value) === 'Map Iterator';
export const isSetIterator = (value) => isObject(value) && tag(value) === 'Set Iterator';
export const isModuleNamespaceObject = (value) => isObject(value) && tag(value) === 'Module';
/** No JavaScript can tell. */
export const isProxy = () => false;
export const isExternal = () => false;
export const isEventTarget = (value) => typeof EventTarget === 'function' && value instanceof EventTarget;
export const isCryptoKey = (value) => typeof CryptoKey === 'function' && value instanceof CryptoKey;
/** The classes of `node:crypto` have this tag. */
export const isKeyObject = (value) => isObject(value) && tag(value) === 'KeyObject';
