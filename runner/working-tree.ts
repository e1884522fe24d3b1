import { constants, writeFileSync } from 'node:fs'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Refusal } from './failure.ts'

/** Writes a file that must not be there yet, with its folders. Refuses with `file-exists` and `cannot-write`. */
export async function writeNewFile(root: string, file: string, text: string): Promise<void> {
  const path = join(root, file)
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text, { flag: 'wx' })
  } catch (error) {
    throw notPut(file, error)
  }
}

/** Writes a file that is there already. Refuses with `cannot-write`. */
export function writeOver(root: string, file: string, text: string): void {
  try {
    writeFileSync(join(root, file), text)
  } catch (error) {
    throw cannotWrite(file, error)
  }
}

/**
 * Moves a file to where none is, byte for byte. Refuses with `file-exists` and `cannot-write`.
 *
 * A copy first: renaming would replace what appeared in between.
 */
export async function moveFile(root: string, from: string, to: string): Promise<void> {
  try {
    await mkdir(dirname(join(root, to)), { recursive: true })
    await copyFile(join(root, from), join(root, to), constants.COPYFILE_EXCL)
  } catch (error) {
    throw notPut(to, error, 'Rename one of the two first.')
  }
  await removeFile(root, from)
}

/** Removes a file. Refuses with `cannot-write`. */
export async function removeFile(root: string, file: string): Promise<void> {
  await rm(join(root, file)).catch((error: unknown) => {
    throw cannotWrite(file, error)
  })
}

/** The refusal for a file that the system does not let be written, moved or removed. */
export function cannotWrite(file: string, cause: unknown): Refusal {
  return new Refusal('cannot-write', `${file} cannot be written: ${(cause as Error).message}`, {
    help: 'Mend the permissions of the folder or remove what stands in the way, and start again.',
    cause,
  })
}

function notPut(file: string, cause: unknown, help?: string): Refusal {
  if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') return cannotWrite(file, cause)
  return new Refusal('file-exists', `${file} is there already, and nothing is overwritten`, {
    ...(help === undefined ? {} : { help }),
    cause,
  })
}
