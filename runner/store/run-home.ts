import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Refusal } from '../failure.ts'
import type { Repository } from '../git/repository.ts'
import { sha256 } from './payload.ts'
import { isRunId } from './run-id.ts'

/** Where runs lie while they are not on the branch. */
export interface RunHome {
  /** Folders that may hold run directories, in the order in which they are tried. Absolute. */
  readonly places: () => readonly string[]
  /** Those of them that can hold any: the others were never made. */
  readonly used: () => readonly string[]
}

/** Says something that people should know and that did not stop anything. */
export type Warn = (warning: { readonly code: string; readonly message: string }) => void

/**
 * The git directory first: it travels with the repository and is in nobody's way. Where it cannot be written (a
 * read-only mount in CI) the user's state directory, then the temporary one.
 */
export function runHome(repository: Repository, env: Readonly<Record<string, string | undefined>>): RunHome {
  const own = join(repository.commonDir, 'codemie')
  const state =
    env['XDG_STATE_HOME'] ?? (env['HOME'] === undefined ? undefined : join(env['HOME'], '.local/state'))
  const shared = [...(state === undefined ? [] : [state]), env['TMPDIR'] ?? tmpdir()].map((folder) =>
    join(folder, 'codemie-ci'),
  )
  const within = (folders: readonly string[]) => {
    const name = folders.length === 0 ? '' : sha256(repository.commonDir).slice(0, 16)
    return [own, ...folders.map((folder) => join(folder, name))]
  }
  return {
    places: () => within(shared),
    used: () => within(shared.filter((folder) => existsSync(folder))),
  }
}

/**
 * Makes the directory of a run. It must not exist: making it is the claim on this machine.
 *
 * Refuses with `run-exists` when somebody has it, and with `no-place-for-runs` when no place can be written.
 */
export function createRunDirectory(home: RunHome, id: string, warn: Warn): string {
  const taken = findRunDirectory(home, id)
  if (taken !== undefined) throw runExists(id, taken)
  const problems: string[] = []
  for (const place of home.places()) {
    const directory = join(place, 'runs', id)
    try {
      mkdirSync(join(place, 'runs'), { recursive: true })
      mkdirSync(directory)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST' && findRunDirectory(home, id) !== undefined) throw runExists(id, directory)
      problems.push(`${place}: ${whyNotWritable(place, error as NodeJS.ErrnoException)}`)
      continue
    }
    if (problems.length > 0) {
      warn({
        code: 'run-kept-elsewhere',
        message: `The git directory cannot be written (${problems.join('; ')}). This run is kept in ${directory} until it can be committed.`,
      })
    }
    return directory
  }
  throw new Refusal('no-place-for-runs', `No place for the journal of this run: ${problems.join('; ')}`, {
    exitStatus: 6,
    help: 'Make one of them writable, or set XDG_STATE_HOME to a folder that is.',
  })
}

/** Making folders in a read-only file system fails with ENOENT in Node, which would send people the wrong way. */
function whyNotWritable(place: string, error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT') return error.code ?? error.message
  let there = place
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there)
  try {
    accessSync(there, constants.W_OK)
    return error.code
  } catch (reason) {
    return (reason as NodeJS.ErrnoException).code ?? error.code
  }
}

function runExists(id: string, where: string): Refusal {
  return new Refusal('run-exists', `Run ${id} was started already: ${where}`, {
    exitStatus: 6,
    help: `The same event starts one run. \`codemie-ci resume ${id}\` continues it.`,
  })
}

/** The directory of a run, wherever it lies; `undefined`: there is none on this machine. */
export function findRunDirectory(home: RunHome, id: string): string | undefined {
  if (!isRunId(id)) return undefined
  return home
    .used()
    .find((place) => readNames(join(place, 'runs')).includes(id))
    ?.concat('/runs/', id)
}

/** All run directories on this machine. */
export function listRunDirectories(home: RunHome): { readonly id: string; readonly directory: string }[] {
  return home.used().flatMap((place) =>
    readNames(join(place, 'runs'))
      .filter(isRunId)
      .map((id) => ({ id, directory: join(place, 'runs', id) })),
  )
}

/** Removes the directory of a run that is safe elsewhere. */
export function removeRunDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
}

/**
 * Puts the directory of a run aside whose record could not hold everything: it moves to `kept/<id>` beside `runs`, where
 * excerpts in the record point to.
 */
export function keepRunDirectory(directory: string): void {
  const kept = join(dirname(dirname(directory)), 'kept', basename(directory))
  rmSync(kept, { recursive: true, force: true })
  mkdirSync(dirname(kept), { recursive: true })
  renameSync(directory, kept)
}

/** Directory of a run that was put aside; `undefined`: nothing was cut, or it was on another machine. */
export function findKeptDirectory(home: RunHome, id: string): string | undefined {
  if (!isRunId(id)) return undefined
  return home
    .used()
    .find((place) => readNames(join(place, 'kept')).includes(id))
    ?.concat('/kept/', id)
}

/** Makes a directory that was put aside the run's own again. */
export function takeKeptDirectory(kept: string): string {
  const directory = join(dirname(dirname(kept)), 'runs', basename(kept))
  renameSync(kept, directory)
  return directory
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
