import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'

/** A file of an archive, as odd as a test wants it. */
export interface ZipFile {
  readonly name: string
  readonly content?: Uint8Array | string
  /** Mode of Unix with the kind of the file, e.g. `0o120777` of a link. Default: a plain file. */
  readonly mode?: number
  /** Default: packed. */
  readonly isStored?: boolean
  /** What the list of files says instead of the truth. */
  readonly size?: number
  readonly checksum?: number
  readonly flags?: number
  readonly method?: number
  /** Name before the content, where it is another one than in the list. */
  readonly localName?: string
}

/** Makes a zip archive by hand, without any check. @param count what its end says of how many files there are. */
export function makeZip(files: readonly ZipFile[], count = files.length): Uint8Array {
  const bodies: Buffer[] = []
  const list: Buffer[] = []
  let at = 0
  for (const file of files) {
    const plain = Buffer.from(file.content ?? '')
    const packed = file.isStored ? plain : deflateRawSync(plain)
    // What both headers say, in the same order.
    const facts = Buffer.alloc(22)
    facts.writeUInt16LE(20, 0)
    facts.writeUInt16LE(file.flags ?? 0, 2)
    facts.writeUInt16LE(file.method ?? (file.isStored ? 0 : 8), 4)
    facts.writeUInt32LE(file.checksum ?? crc32(plain), 10)
    facts.writeUInt32LE(packed.length, 14)
    facts.writeUInt32LE(file.size ?? plain.length, 18)
    bodies.push(local(facts, file.localName ?? file.name), packed)
    list.push(listed(facts, file, at))
    at += (bodies.at(-2)?.length ?? 0) + packed.length
  }
  const directory = Buffer.concat(list)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Math.min(count, 0xffff), 8)
  end.writeUInt16LE(Math.min(count, 0xffff), 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...bodies, directory, end])
}

function local(facts: Buffer, name: string): Buffer {
  const head = Buffer.alloc(30)
  head.writeUInt32LE(0x04034b50, 0)
  facts.copy(head, 4)
  head.writeUInt16LE(Buffer.byteLength(name), 26)
  return Buffer.concat([head, Buffer.from(name)])
}

function listed(facts: Buffer, { name, mode = 0o100644 }: ZipFile, at: number): Buffer {
  const head = Buffer.alloc(46)
  head.writeUInt32LE(0x02014b50, 0)
  head.writeUInt8(20, 4)
  // Made on Unix, so that the attributes hold a mode.
  head.writeUInt8(3, 5)
  facts.copy(head, 6)
  head.writeUInt16LE(Buffer.byteLength(name), 28)
  head.writeUInt32LE((mode << 16) >>> 0, 38)
  head.writeUInt32LE(at, 42)
  return Buffer.concat([head, Buffer.from(name)])
}

/** The files of a folder as an archive holds them, in the order of their names. */
export function filesIn(folder: string): readonly { readonly name: string; readonly content: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((path) => ({ name: path.slice(folder.length + 1), content: readFileSync(path) }))
}
