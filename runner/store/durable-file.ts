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
 */
export function writeNewFile(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.new`
  writeAndSync(draft, 'w', content)
  try {
    linkSync(draft, path)
  } finally {
    unlinkSync(draft)
  }
}

/** Replaces a file as a whole: a reader sees the old content or the new, never a part. */
export function replaceFile(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  const next = `${path}.${process.pid}.new`
  writeAndSync(next, 'w', content)
  renameSync(next, path)
}

function writeAndSync(path: string, flags: 'w', content: string | Uint8Array): void {
  const file = openSync(path, flags)
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    for (let offset = 0; offset < bytes.length; ) {
      offset += writeSync(file, bytes, offset, bytes.length - offset)
    }
    fdatasyncSync(file)
  } finally {
    closeSync(file)
  }
}
