import type { Hash } from 'node:crypto'

/**
 * `createHash` of `node:crypto`, which is loaded when the first digest is made: it takes as long to load as all else that
 * a list of runs needs, and a list makes none.
 */
export function createHash(algorithm: 'sha1' | 'sha256'): Hash {
  return process.getBuiltinModule('node:crypto').createHash(algorithm)
}
