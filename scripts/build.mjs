// @ts-check
// Builds dist/: the command line, the action and the two libraries in pieces that load when they are needed. Those of the
// command line and the action are CommonJS, which loads in less time and leaves the moment of loading to us: see
// docs/decisions/0012-pieces-load-when-called.md. Names and lines of the action are short, for GitHub fetches it for every
// job; maps beside it give them back in bug reports.
// Nothing in the result depends on the time, the machine or the folder, so two builds of one commit are the same.
// With --types also the declarations of the two libraries.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
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

/**
 * The client of MCP brings a checker of schemas of 265 KB, which is never asked: see runner/mcp/connection.ts.
 * @type {import('esbuild').Plugin}
 */
const withoutMcpSchemaChecker = {
  name: 'without-mcp-schema-checker',
  setup(api) {
    api.onResolve({ filter: /^@modelcontextprotocol\/client\/_shims$/ }, ({ path }) => ({
      path,
      namespace: 'mcp-shims',
    }))
    api.onLoad({ filter: /.*/, namespace: 'mcp-shims' }, () => ({
      contents: 'export const CORS_IS_POSSIBLE = false; export const DefaultJsonSchemaValidator = undefined',
    }))
  },
}

/**
 * The transport sends no header that the client of models makes and no form (see `connect` in runner/models/client.ts), and to
 * ask Node for its classes of these loads its own HTTP client, which takes as long as Node's whole start.
 * @type {import('esbuild').Plugin}
 */
const withoutWebClasses = {
  name: 'without-web-classes',
  setup(api) {
    const classes =
      'class Headers extends Map { append(name, value) { this.set(name, value) } } class FormData {}'
    const users = /[\\/]openai[\\/](?:client|internal[\\/]headers|internal[\\/]utils[\\/]log)\.mjs$/
    api.onLoad({ filter: users }, ({ path }) => ({
      // On the first line, so that no other moves.
      contents: `${classes} ${readFileSync(path, 'utf8')}`,
    }))
  },
}

/**
 * Octokit gets our own transport (see action/forge-fetch.ts), and the toolkit makes one of two further packages nobody asks.
 * @type {import('esbuild').Plugin}
 */
const withoutToolkitTransport = {
  name: 'without-toolkit-transport',
  setup(api) {
    const isOf = (/** @type {string} */ name, /** @type {string} */ importer) =>
      importer.split(sep).join('/').includes(`node_modules/@actions/${name}/`)
    api.onResolve({ filter: /^(undici|@actions\/http-client)$/ }, ({ path, importer }) =>
      isOf('github', importer) ? { path, namespace: 'no-transport' } : undefined,
    )
    api.onLoad({ filter: /.*/, namespace: 'no-transport' }, () => ({
      contents:
        'export const fetch = undefined; export class HttpClient { getAgent() {} getAgentDispatcher() {} }',
    }))
    // The package does not say that only what is used of it is needed. Its tokens for cloud providers are not.
    api.onResolve(
      { filter: /^(\.\/|@actions\/)/ },
      async ({ path, importer, kind, resolveDir, pluginData }) => {
        if (pluginData === 'seen' || !(path.startsWith('@actions/') || isOf('core', importer)))
          return undefined
        const found = await api.resolve(path, { importer, kind, resolveDir, pluginData: 'seen' })
        return { ...found, sideEffects: false }
      },
    )
  },
}

/**
 * Of the thousand methods that GitHub's REST API has in Octokit, the action gets those that it calls.
 * @type {import('esbuild').Plugin}
 */
const withUsedEndpoints = {
  name: 'with-used-endpoints',
  setup(api) {
    api.onLoad(
      { filter: /plugin-rest-endpoint-methods.dist-src.generated.endpoints\.js$/ },
      async ({ path }) => {
        const { default: all } = await import(pathToFileURL(path).href)
        const folder = join(root, 'action')
        const sources = readdirSync(folder, { encoding: 'utf8', recursive: true }).map((name) =>
          name.endsWith('.ts') ? readFileSync(join(folder, name), 'utf8') : '',
        )
        /** @type {Record<string, Record<string, unknown>>} */
        const used = {}
        for (const [, scope = '', method = ''] of sources.join('\n').matchAll(/\brest\.(\w+)\.(\w+)/g)) {
          used[scope] = { ...used[scope], [method]: all[scope][method] }
        }
        return { contents: `export default ${JSON.stringify(used)}` }
      },
    )
  },
}

/**
 * Modules that are pieces of their own, with what only they need: few runs call them, and without this they would come with
 * their neighbours.
 */
const SEAMS = [
  'schema/generated/validate-assistant.mjs',
  'schema/generated/validate-config.mjs',
  'schema/generated/validate-config-file.mjs',
  'schema/generated/validate-envelope.mjs',
  'schema/generated/validate-json-schema.mjs',
  'schema/generated/validate-octomind-config.mjs',
  'schema/generated/validate-octomind-file.mjs',
  'schema/config-format.ts',
  'schema/dialects/octomind/read.ts',
  'schema/frame.ts',
  'schema/pattern.ts',
  'schema/toml.ts',
  'schema/yaml-full.ts',
  'schema/yaml-plain.ts',
  'schema/language/dict.ts',
  'schema/language/json.ts',
  'schema/language/literal.ts',
  'schema/language/operators.ts',
  'schema/language/output.ts',
  'schema/language/sorting.ts',
  'schema/language/string-methods.ts',
  'runner/changed-definition.ts',
  'runner/engine/block.ts',
  'runner/models/model-failure.ts',
  'runner/models/tunnel-agent.ts',
  'runner/pause.ts',
  'runner/steps/call.ts',
  'runner/steps/state-processor.ts',
  'runner/steps/tool.ts',
  'runner/steps/transform-step.ts',
  'runner/store/digest-run.ts',
  'action/run-summary.ts',
]

/** Begins the names of files that are taken out again. */
const SEAM = 'seam-'

/** Node's own modules that take a while to load, too. */
const SLOW_BUILT_INS = /^(?:node:)?(?:child_process|crypto|dns|https?|net|tls|zlib)$/

/** What esbuild puts before the exports of a CommonJS module, and the exports. */
const EXPORTS =
  /^((?:.*\n)*?)var stdin_exports = \{\};\n__export\(stdin_exports, \{\n([\s\S]*?)\n\}\);\nmodule\.exports = __toCommonJS\(stdin_exports\);/

const EXPORT_HELPER =
  /\b__(?:defProp|getOwnPropDesc|getOwnPropNames|hasOwnProp|export|copyProps|toCommonJS)\b/

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
  plugins: [withoutInkDebugger, withoutMcpSchemaChecker, withoutWebClasses],
  metafile: true,
  write: false,
  logLevel: 'warning',
})

/**
 * Entries whose source is not there yet are left out, and said so.
 * @param {Record<string, string>} entries
 */
function present(entries, isSilent = false) {
  return Object.fromEntries(
    Object.entries(entries).filter(([name, path]) => {
      const isThere = existsSync(join(root, path))
      if (!isThere && !isSilent)
        console.error(`build: ${path} does not exist, so there is no dist/${name}.mjs`)
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
  build({ ...shared, outdir: join(dist, 'cli'), entryPoints: present(VIEWS), splitting: true }),
  // Pieces: `validate` must not read what `run` needs.
  buildPieces('cli', { start: 'cli/start.ts' }, withViewsOutside),
  // GitHub fetches it with the tag, and there is no install step.
  buildPieces('action', { index: 'action/index.ts' }, withoutToolkitTransport, withUsedEndpoints),
]).catch(() => {
  // esbuild has said what is wrong and where; a stack of its insides would only push that off the screen.
  process.exit(1)
})

const sqlite = await buildSqliteWorker()
const inputs = [...results, sqlite].flatMap(listInputs)
rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)
const actionPieces = await toCommonJs(results.pop(), { isShort: true })
const pieces = await toCommonJs(results.pop(), { isShort: false })
for (const file of [...results.flatMap((result) => result.outputFiles), ...pieces, ...actionPieces]) {
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
    entryPoints: present({ worker: 'runner/tools/integrations/sql/sqlite-worker.mjs' }, true),
    format: 'cjs',
    banner: {},
  })
}

/** @param {Awaited<ReturnType<typeof buildSqliteWorker>>} result */
function writeSqliteWorker({ outputFiles }) {
  if (outputFiles.length === 0) return
  mkdirSync(join(dist, 'sqlite'))
  for (const { path, text } of outputFiles) writeFileSync(path, text)
  const name = 'node-sqlite3-wasm.wasm'
  copyFileSync(join(root, 'node_modules/node-sqlite3-wasm/dist', name), join(dist, 'sqlite', name))
}

/**
 * @param {string} folder in dist/.
 * @param {Record<string, string>} entries
 * @param {import('esbuild').Plugin[]} plugins
 */
async function buildPieces(folder, entries, ...plugins) {
  const seams = present(Object.fromEntries(SEAMS.map((path) => [`${SEAM}${basename(path)}`, path])), true)
  const result = await build({
    ...shared,
    outdir: join(dist, folder),
    outExtension: { '.js': '.cjs' },
    entryPoints: { ...present(entries), ...seams },
    splitting: true,
    banner: {},
    sourcemap: 'inline',
    sourcesContent: false,
    plugins: [...shared.plugins, ...plugins],
  })
  // What is behind a seam is in a chunk; the file of the seam itself only passes it on, to nobody.
  const outputFiles = result.outputFiles.filter(({ path }) => !basename(path).startsWith(SEAM))
  return { ...result, outputFiles }
}

/**
 * Pieces as CommonJS modules that require each other. esbuild splits ES modules only, so this is a step of its own.
 * @param {{ outputFiles: readonly import('esbuild').OutputFile[] } | undefined} result of {@link buildPieces}
 * @param {{ isShort: boolean }} options Whether names and lines are to be short, with a map beside each file.
 */
async function toCommonJs(result, { isShort }) {
  const modules = result?.outputFiles ?? []
  const names = new Set(modules.map(({ path }) => basename(path)))
  const files = await Promise.all(
    modules.map(async ({ path, text }) => {
      const withoutImports = text.replace(/\bimport\("\.\/([^"]+)"\)/g, (all, name) =>
        names.has(name)
          ? `Promise.resolve().then(() => require("./${name}"))`
          : Object.hasOwn(VIEWS, basename(name, '.mjs'))
            ? `importView("./${name}")`
            : all,
      )
      /** @type {import('esbuild').TransformOptions} */
      const options = { format: 'cjs', platform: 'node', target: shared.target, charset: shared.charset }
      const common = await transform(withoutImports, {
        ...options,
        sourcemap: isShort ? 'inline' : false,
        // What loads the pieces gives it to them: packages look for files beside them.
        define: { 'import.meta.url': 'pieceUrl' },
      })
      const lazy = loadWhenCalled(exportPlainly(common.code))
      if (!isShort) return [{ path, text: lazy }]
      const { code, map } = await transform(withOwnUrl(lazy), {
        ...options,
        minify: true,
        sourcemap: 'external',
      })
      return [
        { path, text: code },
        { path: `${path}.map`, text: placeInProject(map, dirname(path)) },
      ]
    }),
  )
  return files.flat()
}

/**
 * Says what a piece exports without the helpers that esbuild gives to each, which are half of a short piece. No line moves.
 * @param {string} code as esbuild writes it.
 */
function exportPlainly(code) {
  const [all, helpers = '', list = ''] = EXPORTS.exec(code) ?? []
  if (all === undefined) return code
  const rest = code.slice(all.length)
  const isOnlyForExports = helpers
    .split('\n')
    .every((line) => !line.startsWith('var ') || EXPORT_HELPER.test(line))
  if (!isOnlyForExports || EXPORT_HELPER.test(rest)) return code
  const getters = list.replace(/^ *(\S+): \(\) => (\S+?)(,?)$/gm, 'get $1() { return $2 }$3')
  const written = `module.exports = { __esModule: true, ${getters} };`
  return `${written}${'\n'.repeat(all.split('\n').length - written.split('\n').length)}${rest}`
}

/**
 * Loads what a piece requires when a function first uses it, and not with the piece: most of it is for other cases. Nothing
 * of ours does anything by being loaded, and neither do the packages.
 * @param {string} code as esbuild writes it, one statement a line.
 */
function loadWhenCalled(code) {
  /** @type {Map<string, string>} */
  const waiting = new Map()
  return code
    .replace(/^(?:var (import_\w+) = )?(.*\brequire\("([^"]+)"\).*);$/gm, (all, name, value, id) => {
      const canWait = id.startsWith('./') || SLOW_BUILT_INS.test(id)
      if (!canWait || !/^(?:__toESM\()?require\([^)]*\)(?:, 1\))?$/.test(value)) return all
      if (name === undefined) return ''
      waiting.set(name, value)
      return `@${name}@`
    })
    .replace(/@?\bimport_\w+\b@?/g, (name) => {
      if (!name.startsWith('@')) return waiting.has(name) ? `(${name}())` : name
      const bare = name.slice(1, -1)
      return `let ${bare}_; function ${bare}() { return ${bare}_ ??= ${waiting.get(bare)}; }`
    })
}

/** For pieces that Node itself loads; on the first line, so that no other moves. @param {string} code */
function withOwnUrl(code) {
  if (!code.includes('pieceUrl')) return code
  return `const pieceUrl = require('node:url').pathToFileURL(__filename).href; ${code}`
}

/**
 * A map with the paths of the sources from the root of the project, wherever packages are installed.
 * @param {string} map
 * @param {string} folder Folder of the file that it is about.
 */
function placeInProject(map, folder) {
  const { version, sources, names, mappings } = JSON.parse(map)
  const place = (/** @type {string} */ source) =>
    relative(root, join(folder, source))
      .split(sep)
      .join('/')
      .replace(/^.*\bnode_modules\//, 'node_modules/')
  return `${JSON.stringify({ version, sources: sources.map(place), names, mappings })}\n`
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
