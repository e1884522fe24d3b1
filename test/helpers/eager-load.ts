import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** What loading a module of `runner/` loads at once. */
export interface EagerLoad {
  /** Our own files, as paths. */
  readonly files: readonly string[]
  /** Packages, sorted; those of Node are left out. */
  readonly packages: readonly string[]
}

/** Follows the imports of a module as a bundle has them, and leaves out what is loaded later. */
export async function eagerLoad(module: string): Promise<EagerLoad> {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`../../runner/${module}`, import.meta.url))],
    bundle: true,
    splitting: true,
    outdir: 'out',
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
  })
  const { outputs } = metafile
  const entries = Object.keys(outputs).filter((path) => outputs[path]?.entryPoint?.endsWith(module))
  if (entries.length !== 1) throw new Error(`${entries.length} chunks begin with ${module}`)
  const chunks = new Set(entries)
  const files: string[] = []
  const packages = new Set<string>()
  for (const chunk of chunks) {
    files.push(...Object.keys(outputs[chunk]?.inputs ?? {}))
    for (const { path, kind } of outputs[chunk]?.imports ?? []) {
      if (kind !== 'import-statement') continue
      if (path in outputs) chunks.add(path)
      else if (!path.startsWith('node:')) packages.add(path)
    }
  }
  return { files, packages: [...packages].sort() }
}
