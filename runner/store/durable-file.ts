import {
  closeSync,
  fdatasyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

/**
 * Writes a file that must not exist; folders are made. Fails with `EEXIST` when somebody was faster. The file appears
 * whole: a reader never sees a part of it. Synchronous: it is used at the edges of a run, where nothing else goes on.
 *
 * @param isDurable wait until it is on the disc. Default: yes; no for what means nothing after a power cut.
 */
export function writeNewFile(path: string, content: string | Uint8Array, isDurable = true): void {
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.new`
  writeWhole(draft, content, isDurable)
  try {
    linkSync(draft, path)
  } finally {
    unlinkSync(draft)
  }
}

/** Replaces a file as a whole: a reader sees the old content or the new, never a part. */
export function replaceFile(path: string, content: string | Uint8Array, isDurable = true): void {
  mkdirSync(dirname(path), { recursive: true })
  const next = `${path}.${process.pid}.new`
  writeWhole(next, content, isDurable)
  renameSync(next, path)
}

function writeWhole(path: string, content: string | Uint8Array, isDurable: boolean): void {
  const file = openSync(path, 'w')
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    for (let offset = 0; offset < bytes.length; ) {
      offset += writeSync(file, bytes, offset, bytes.length - offset)
    }
    if (isDurable) fdatasyncSync(file)
  } finally {
    closeSync(file)
  }
}
