import { crc32, inflateRawSync } from 'node:zlib'

/** What an archive may hold. Bytes and files. */
export interface ZipLimits {
  readonly files: number
  readonly fileBytes: number
  /** Of all files together, unpacked. */
  readonly bytes: number
}

/** An archive that is not taken; the message is a sentence without a full stop, with names as they are. */
export class ZipProblem extends Error {}

/** Signatures and lengths of headers. Source: APPNOTE.TXT of PKWARE, 4.3. */
const END = 0x06054b50
const END_BYTES = 22
const ENTRY = 0x02014b50
const ENTRY_BYTES = 46
const LOCAL = 0x04034b50
const LOCAL_BYTES = 30
const LONGEST_COMMENT = 0xffff
const LONGEST_NAME = 300
/** The only ways in which files may be packed. */
const STORED = 0
const DEFLATED = 8
const ENCRYPTED = 1
/** "Version made by" of a system whose file modes stand in the high half of the attributes. */
const UNIX = 3

/**
 * Reads all files of a zip archive that anybody may have made, in memory: nothing is written to the disc, so that no name
 * leads anywhere. Whatever is odd spoils the whole: a link or any other entry that is no plain file, a path that leads out of
 * the folder or has parts which begin with a dot, a name that stands twice in whatever case, a wrong checksum, encryption, and
 * what goes over the limits, which are held before anything is unpacked. Throws `ZipProblem`. Pure.
 */
export function readZip(archive: Uint8Array, limits: ZipLimits): ReadonlyMap<string, Uint8Array> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength)
  const entries = listEntries(bytes, limits)
  const files = new Map<string, Uint8Array>()
  for (const entry of entries) if (!entry.isFolder) files.set(entry.path, unpack(bytes, entry))
  return files
}

interface Entry {
  readonly path: string
  readonly isFolder: boolean
  readonly method: number
  readonly checksum: number
  readonly packed: number
  readonly size: number
  readonly at: number
}

function listEntries(bytes: Buffer, limits: ZipLimits): readonly Entry[] {
  const end = findEnd(bytes)
  const total = bytes.readUInt16LE(end + 10)
  if (total > limits.files)
    throw new ZipProblem(`it has ${total === 0xffff ? 'more than 65,534' : total} files`)
  const entries: Entry[] = []
  const names = new Set<string>()
  let sum = 0
  let at = bytes.readUInt32LE(end + 16)
  for (let index = 0; index < total; index++) {
    const entry = readEntry(bytes, at, end)
    sum += entry.size
    const name = entry.path.toLowerCase()
    if (names.has(name)) throw new ZipProblem(`${entry.path} stands in it twice`)
    names.add(name)
    if (entry.size > limits.fileBytes) throw new ZipProblem(`${entry.path} has ${entry.size} bytes`)
    if (sum > limits.bytes) throw new ZipProblem(`its files have more than ${limits.bytes} bytes`)
    entries.push(entry)
    at +=
      ENTRY_BYTES + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
  }
  if (at !== end) throw new ZipProblem('its list of files does not end where it says')
  return entries
}

function findEnd(bytes: Buffer): number {
  const first = Math.max(0, bytes.length - END_BYTES - LONGEST_COMMENT)
  for (let at = bytes.length - END_BYTES; at >= first; at--) {
    if (bytes.readUInt32LE(at) !== END) continue
    // Else it is part of a comment, or has one behind it.
    if (at + END_BYTES + bytes.readUInt16LE(at + 20) === bytes.length) return at
  }
  throw new ZipProblem('it is no zip archive')
}

function readEntry(bytes: Buffer, at: number, end: number): Entry {
  if (at + ENTRY_BYTES > end || bytes.readUInt32LE(at) !== ENTRY)
    throw new ZipProblem('its list of files is damaged')
  const nameEnd = at + ENTRY_BYTES + bytes.readUInt16LE(at + 28)
  if (nameEnd > end) throw new ZipProblem('its list of files is damaged')
  const path = nameIn(bytes.subarray(at + ENTRY_BYTES, nameEnd))
  const isFolder = path.endsWith('/')
  const entry: Entry = {
    path,
    isFolder,
    method: bytes.readUInt16LE(at + 10),
    checksum: bytes.readUInt32LE(at + 16),
    packed: bytes.readUInt32LE(at + 20),
    size: bytes.readUInt32LE(at + 24),
    at: bytes.readUInt32LE(at + 42),
  }
  const problem = problemOfPath(isFolder ? path.slice(0, -1) : path)
  if (problem !== undefined) throw new ZipProblem(`${path.slice(0, LONGEST_NAME)} ${problem}`)
  const mode = bytes.readUInt8(at + 5) === UNIX ? bytes.readUInt32LE(at + 38) >>> 28 : 0
  const isPlain = mode === 0 || mode === (isFolder ? 0o4 : 0o10)
  if (!isPlain || (isFolder && entry.size > 0)) throw new ZipProblem(`${path} is no plain file`)
  if ((bytes.readUInt16LE(at + 8) & ENCRYPTED) !== 0) throw new ZipProblem(`${path} is encrypted`)
  if (entry.method !== STORED && entry.method !== DEFLATED)
    throw new ZipProblem(`${path} is packed in an unknown way`)
  return entry
}

function nameIn(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ZipProblem('the name of a file is no text')
  }
}

/** What a path is that leads elsewhere, on any system, or could be taken for another one. */
function problemOfPath(path: string): string | undefined {
  if (path.length > LONGEST_NAME) return 'is too long a name'
  if (/^\/|^[A-Za-z]:/.test(path)) return 'is an absolute path'
  if (/[\\:\p{C}]/u.test(path)) return 'has signs in its name that no file here has'
  const isOdd = path.split('/').some((part) => part === '' || part.startsWith('.') || /[. ]$/.test(part))
  return isOdd ? 'leads out of its folder, or is hidden' : undefined
}

function unpack(bytes: Buffer, { path, method, checksum, packed, size, at }: Entry): Uint8Array {
  const damaged = new ZipProblem(`${path} is damaged`)
  if (at + LOCAL_BYTES > bytes.length || bytes.readUInt32LE(at) !== LOCAL) throw damaged
  const nameEnd = at + LOCAL_BYTES + bytes.readUInt16LE(at + 26)
  const from = nameEnd + bytes.readUInt16LE(at + 28)
  if (from + packed > bytes.length) throw damaged
  // Other readers go by this name.
  if (bytes.subarray(at + LOCAL_BYTES, nameEnd).toString() !== path) throw damaged
  const content = bytes.subarray(from, from + packed)
  const plain = method === STORED ? content : inflate(content, size, damaged)
  if (plain.length !== size || crc32(plain) !== checksum) throw damaged
  return plain
}

/** Stops at the size that the list says, whatever would come. */
function inflate(content: Uint8Array, size: number, damaged: ZipProblem): Uint8Array {
  try {
    return inflateRawSync(content, { maxOutputLength: Math.max(1, size) })
  } catch {
    throw damaged
  }
}
