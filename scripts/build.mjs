// @ts-check
// Builds dist/: the command line and the two libraries in pieces that load when they are needed, and the action as one
// file. The pieces of the command line are CommonJS, so that what V8 made of them can be kept (see cli/compiled.ts).
// Nothing in the result depends on the time, the machine or the folder, so two builds of one commit are the same.
// With --types also the declarations of the two libraries.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'
import { digestSources, stampPath } from './freshness.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** JSON Schemas for editors: the file in dist/, and the module and name that hold it. */
const SCHEMAS = [
  { file: 'workflow.schema.json', module: 'schema/dialects/codemie/format.ts', name: 'workflowFileSchema' },
  { file: 'config.schema.json', module: 'schema/config-format.ts', name: 'configFileSchema' },
]

/**
 * Ink loads a debugger of 100 KB, with a package that is not installed, only when DEV is set; here it never is.
 * @type {import('esbuild').Plugin}
 */
const withoutInkDebugger = {
  name: 'without-ink-debugger',
  setup(api) {
    api.onResolve({ filter: /^\.\/devtools\.js$/ }, ({ path, importer }) =>
      importer.split(sep).includes('ink') ? { path, namespace: 'empty' } : undefined,
    )
    api.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: '' }))
  },
}

/** @satisfies {import('esbuild').BuildOptions} */
const shared = /** @type {const} */ ({
  absWorkingDir: root,
  outdir: dist,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // One character beyond Latin-1 makes V8 keep a whole file in two bytes a character.
  charset: 'ascii',
  // The same code as modules, of which only what is used is taken: as CommonJS it is loaded whole.
  alias: { yaml: join(root, 'node_modules', 'yaml', 'browser', 'index.js') },
  // Names and lines stay, so that the stack of a bug report can be read.
  minifySyntax: true,
  // Every licence is in THIRD-PARTY-LICENSES.txt, also of packages that carry no comment.
  legalComments: 'none',
  define: {
    'process.env.NODE_ENV': '"production"',
    'process.env.DEV': '"false"',
    'process.env.CODEMIE_CI_VERSION': JSON.stringify(version),
    'process.env.CODEMIE_CI_SQLITE_WORKER': '"../sqlite/worker.cjs"',
  },
  // CommonJS inside an ES module needs a `require`; the alias keeps clear of modules that import the same function.
  banner: {
    js: "import { createRequire as createBundleRequire } from 'node:module'; const require = createBundleRequire(import.meta.url);",
  },
  plugins: [withoutInkDebugger],
  metafile: true,
  write: false,
  logLevel: 'warning',
})

/**
 * Entries whose source is not there yet are left out, and said so.
 * @param {Record<string, string>} entries
 */
function present(entries) {
  return Object.fromEntries(
    Object.entries(entries).filter(([name, path]) => {
      const isThere = existsSync(join(root, path))
      if (!isThere) console.error(`build: ${path} does not exist, so there is no dist/${name}.mjs`)
      return isThere
    }),
  )
}

/** Views of the terminal need packages that wait while they load, which only ES modules can do. */
const VIEWS = { 'terminal-view': 'cli/ui/terminal-view.tsx', 'select-one': 'cli/ui/select-one.tsx' }

/**
 * Where the command line loads a view, it finds the file that is built of it.
 * @type {import('esbuild').Plugin}
 */
const withViewsOutside = {
  name: 'with-views-outside',
  setup(api) {
    api.onResolve({ filter: /\.tsx$/ }, ({ path }) => {
      const name = basename(path, '.tsx')
      return Object.hasOwn(VIEWS, name) ? { path: `./${name}.mjs`, external: true } : undefined
    })
  },
}

const results = await Promise.all([
  build({
    ...shared,
    entryPoints: present({ schema: 'schema/index.ts', runner: 'runner/index.ts' }),
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
  }),
  // One file: GitHub fetches it with the tag, and there is no install step.
  build({
    ...shared,
    entryPoints: present({ action: 'action/index.ts' }),
    define: { ...shared.define, 'process.env.CODEMIE_CI_SQLITE_WORKER': '"./sqlite/worker.cjs"' },
  }),
  build({ ...shared, outdir: join(dist, 'cli'), entryPoints: present(VIEWS), splitting: true }),
  // Pieces: `validate` must not read what `run` needs.
  build({
    ...shared,
    outdir: join(dist, 'cli'),
    entryPoints: present({ start: 'cli/start.ts' }),
    splitting: true,
    banner: {},
    plugins: [...shared.plugins, withViewsOutside],
  }),
]).catch(() => {
  // esbuild has said what is wrong and where; a stack of its insides would only push that off the screen.
  process.exit(1)
})

const sqlite = await buildSqliteWorker()
const inputs = [...results, sqlite].flatMap(listInputs)
rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)
const pieces = await toCommonJs(results.pop()?.outputFiles ?? [])
for (const file of [...results.flatMap((result) => result.outputFiles), ...pieces]) {
  mkdirSync(dirname(file.path), { recursive: true })
  writeFileSync(file.path, file.text)
}
writeSqliteWorker(sqlite)
await buildCommand(join(dist, 'cli.cjs'))
for (const schema of SCHEMAS) {
  writeFileSync(join(dist, schema.file), `${JSON.stringify(await loadExport(schema), null, 2)}\n`)
}
writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), collectLicences(inputs))
if (process.argv.includes('--types')) writeDeclarations()
writeFileSync(stampPath(root), `${digestSources(root)}\n`)

/** SQLite is started as a thread of its own, from all that is built here; what it is made of it reads from beside it. */
async function buildSqliteWorker() {
  return await build({
    ...shared,
    outdir: join(dist, 'sqlite'),
    outExtension: { '.js': '.cjs' },
    entryPoints: { worker: 'runner/tools/integrations/sql/sqlite-worker.mjs' },
    format: 'cjs',
    banner: {},
  })
}

/** @param {Awaited<ReturnType<typeof buildSqliteWorker>>} result */
function writeSqliteWorker({ outputFiles }) {
  mkdirSync(join(dist, 'sqlite'))
  for (const { path, text } of outputFiles) writeFileSync(path, text)
  const name = 'node-sqlite3-wasm.wasm'
  copyFileSync(join(root, 'node_modules/node-sqlite3-wasm/dist', name), join(dist, 'sqlite', name))
}

/**
 * Pieces as CommonJS modules that require each other. esbuild splits ES modules only, so this is a step of its own.
 * @param {readonly import('esbuild').OutputFile[]} modules
 */
async function toCommonJs(modules) {
  const names = new Set(modules.map(({ path }) => basename(path)))
  const rename = (/** @type {string} */ name) => name.replace(/\.mjs$/, '.cjs')
  return await Promise.all(
    modules.map(async ({ path, text }) => {
      const withoutImports = text.replace(/\bimport\("\.\/([^"]+)"\)/g, (all, name) =>
        names.has(name) ? `Promise.resolve().then(() => require("./${name}"))` : all,
      )
      const { code } = await transform(withoutImports, {
        format: 'cjs',
        platform: 'node',
        target: shared.target,
        // What loads the pieces gives it to them: packages look for files beside them.
        define: { 'import.meta.url': 'pieceUrl' },
      })
      const renamed = code.replace(/\brequire\("\.\/([^"]+)"\)/g, (_, name) => `require("./${rename(name)}")`)
      return { path: rename(path), text: renamed }
    }),
  )
}

/**
 * The file that is called: starts the pieces, and knows one build of them from another.
 * @param {string} outfile
 */
async function buildCommand(outfile) {
  const digest = createHash('sha256')
  for (const { text } of pieces) digest.update(text)
  const { outdir: _, outExtension: __, ...options } = shared
  await build({
    ...options,
    entryPoints: ['cli/main.ts'],
    outfile,
    format: 'cjs',
    define: {
      ...shared.define,
      'process.env.CODEMIE_CI_BUILD': JSON.stringify(digest.digest('hex').slice(0, 16)),
    },
    banner: { js: '#!/usr/bin/env node' },
    write: true,
  })
  chmodSync(outfile, 0o755)
}

/**
 * A value that a TypeScript module exports, without anything of dist/.
 * @param {{ module: string, name: string }} place
 * @returns {Promise<unknown>}
 */
async function loadExport({ module, name }) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [module],
    bundle: true,
    format: 'esm',
    write: false,
  })
  const [file] = outputFiles
  const code = Buffer.from(file?.contents ?? '').toString('base64')
  return (await import(`data:text/javascript;base64,${code}`))[name]
}

/**
 * Paths of the sources that really went into a bundle, relative to the root.
 * @param {{ metafile: import('esbuild').Metafile }} result
 */
function listInputs({ metafile }) {
  return Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs))
}

/**
 * The licence of every package that is part of the bundle, as its terms ask for.
 * @param {string[]} inputs Paths relative to the root.
 * @returns {string}
 */
function collectLicences(inputs) {
  const folders = new Set()
  for (const input of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)
    if (match) folders.add(match[1])
  }
  const parts = [...folders].sort().map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const names = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'license.md', 'LICENCE', 'License.md']
    const file = names.map((name) => join(root, folder, name)).find((path) => existsSync(path))
    const text = file
      ? readFileSync(file, 'utf8').trim()
      : `Licence: ${manifest.license} (no licence file in the package)`
    return `${manifest.name} ${manifest.version}\n\n${text}\n`
  })
  return `Packages bundled into these files, with their licences.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`
}

/** A wrong type is `npm test`'s to report; the compiler writes the declarations all the same, and packing goes on. */
function writeDeclarations() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.types.json'], { cwd: root })
  if (status !== 0) console.error('build: the types have errors; see npm run types')
}
