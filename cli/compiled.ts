import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { constants, Script } from 'node:vm'

/** Where the pieces of the built command line are, and where to keep what V8 makes of them. */
export interface Pieces {
  /** Folder of the pieces: CommonJS modules that require each other as `./<name>`. */
  readonly folder: string
  /** Folder for compiled code; `undefined`: none is kept. */
  readonly cache: string | undefined
}

/**
 * Loads a piece and all that it requires.
 *
 * Most of the time of a short command is V8 compiling the same text again. What it made of it is kept at the end of the
 * first process and taken by the next ones: `validate` then takes a third less processor time. Node does this by itself
 * only from version 22.1 on. V8 refuses what another version of it has made, and then the text is compiled as ever.
 */
export function loadPiece(name: string, { folder, cache }: Pieces): unknown {
  const loaded = new Map<string, { exports: unknown }>()
  const fresh = new Map<string, Script>()
  const requireBuiltIn = createRequire(join(folder, name))
  // Where it is taken from what V8 kept, an `import()` of a piece itself finds nobody who loads modules.
  const importView = (view: string) => import(pathToFileURL(join(folder, view)).href)
  const load = (id: string): unknown => {
    if (!id.startsWith('./')) return requireBuiltIn(id)
    const piece = id.slice(2)
    const before = loaded.get(piece)
    if (before) return before.exports
    const filename = join(folder, piece)
    const compiled = cache === undefined ? undefined : readIfThere(join(cache, piece))
    const script = new Script(
      `(function (exports, require, module, pieceUrl, importView) {${readFileSync(filename, 'utf8')}\n})`,
      {
        filename,
        cachedData: compiled,
        importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      },
    )
    if (compiled === undefined || script.cachedDataRejected) fresh.set(piece, script)
    const module = { exports: {} as unknown }
    loaded.set(piece, module)
    script.runInThisContext()(module.exports, load, module, pathToFileURL(filename).href, importView)
    return module.exports
  }
  // At the end, because V8 compiles a function when it is called first, and only then there is something to keep.
  if (cache !== undefined) process.once('exit', () => keep(fresh, cache))
  return load(`./${name}`)
}

/** Writing fails where the folder cannot be written or the disc is full: then the next start takes as long as this one. */
function keep(scripts: ReadonlyMap<string, Script>, folder: string): void {
  if (scripts.size === 0) return
  try {
    // Only the user's own: what is in there is executed.
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const [name, script] of scripts) {
      // Another process may be reading or writing the same.
      const draft = join(folder, `${name}.${process.pid}`)
      writeFileSync(draft, script.createCachedData(), { mode: 0o600 })
      renameSync(draft, join(folder, name))
    }
  } catch {
    // See above.
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
