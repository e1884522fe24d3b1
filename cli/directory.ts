import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { World } from '../runner/world.ts'
import { usageError } from './usage-error.ts'

/** The world as seen from another directory (`-C`). Throws a `Refusal` when it is none. */
export async function enterDirectory(world: World, directory: string): Promise<World> {
  const cwd = resolve(world.cwd, directory)
  const found = await stat(cwd).catch(() => undefined)
  if (!found?.isDirectory()) {
    throw usageError(
      `--directory takes a folder, and '${directory}' is ${found ? 'a file' : 'not there'}.`,
      `Looked at ${cwd}.`,
    )
  }
  return { ...world, cwd }
}
