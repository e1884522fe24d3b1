import { join } from 'node:path'
import { loadPiece } from './compiled.ts'

// Built as CommonJS: Node starts its loader of ES modules only when something asks for it, and that takes a quarter of the
// time in which bare Node starts and ends.

const version = process.env.CODEMIE_CI_VERSION ?? 'development'
const argv = process.argv.slice(2)

// Before anything is loaded: a version is asked for by scripts that run often.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) process.stdout.write(`${version}\n`)
else void loadStart().then(({ start }) => start(process, version))

/** Built pieces, or, in a checkout, the source: that branch is not part of what is built. */
async function loadStart(): Promise<typeof import('./start.ts')> {
  return process.env.CODEMIE_CI_BUILD
    ? (loadPiece('start.cjs', {
        folder: join(__dirname, 'cli'),
        cache: cacheFolder(process.env.CODEMIE_CI_BUILD),
      }) as typeof import('./start.ts'))
    : await import('./start.ts')
}

/**
 * Compiled code belongs to one build and one Node. Each command has its own, with the functions that it needs: one for all
 * would hold those of whatever was called first. `NODE_DISABLE_COMPILE_CACHE` is Node's own name for the wish to have none.
 * In CI there is none: folders there are restored from caches that other jobs may have written, and this one is executed.
 */
function cacheFolder(build: string): string | undefined {
  const { env, versions, arch } = process
  const home = env['XDG_CACHE_HOME'] || env['LOCALAPPDATA'] || (env['HOME'] && join(env['HOME'], '.cache'))
  if (!home || env['CI'] || env['NODE_DISABLE_COMPILE_CACHE']) return undefined
  const [word = ''] = argv
  const command = /^[a-z]{1,20}$/.test(word) ? word : 'other'
  return join(home, 'codemie-ci', 'compiled', `${build}-node-${versions.node}-${arch}`, command)
}
