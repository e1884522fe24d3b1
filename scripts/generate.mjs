/**
 * Writes schema/generated/: the JSON Schema validators as plain code, so that no start of the program compiles a schema.
 *
 *   node scripts/generate.mjs           write the files
 *   node scripts/generate.mjs --check   exit with 1 when they are not what they should be
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Ajv from 'ajv'
import standaloneCode from 'ajv/dist/standalone/index.js'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Export name of each validator, and the schema module and name it comes from. */
const VALIDATORS = {
  validateConfig: ['schema/dialects/codemie/format.ts', 'configSchema'],
  validateEnvelope: ['schema/dialects/codemie/format.ts', 'envelopeSchema'],
  validateAssistant: ['schema/dialects/codemie/format.ts', 'assistantFileSchema'],
  validateConfigFile: ['schema/config-format.ts', 'configFileSchema'],
  validateOctomindFile: ['schema/dialects/octomind/format.ts', 'fileSchema'],
  validateOctomindConfig: ['schema/dialects/octomind/format.ts', 'configSchema'],
}

const HEADER = '// Written by scripts/generate.mjs from the schemas in schema/; do not edit.\n'

const TYPES = `${HEADER}
/** One complaint of a validator, as Ajv words it. */
export interface ShapeError {
  readonly instancePath: string
  readonly schemaPath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
}

/** Checks plain data against one schema; \`errors\` holds the complaints of the last call. */
export interface ShapeValidator {
  (data: unknown): boolean
  errors?: readonly ShapeError[] | null
}

${[...Object.keys(VALIDATORS), 'validateJsonSchema']
  .map((name) => `export declare const ${name}: ShapeValidator`)
  .join('\n')}
`

async function loadSchema([file, name]) {
  const { outputFiles } = await build({
    entryPoints: [join(root, file)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
  })
  const code = Buffer.from(outputFiles[0].contents).toString('base64')
  return (await import(`data:text/javascript;base64,${code}`))[name]
}

/** Drops what only people read: the validators carry pieces of the schema with them. */
function withoutWords(schema, isMapOfSchemas = false) {
  if (Array.isArray(schema)) return schema.map((one) => withoutWords(one))
  if (typeof schema !== 'object' || schema === null) return schema
  const kept = Object.entries(schema).filter(
    ([key]) => isMapOfSchemas || !/^(?:title|description|default|x-.*)$/.test(key),
  )
  return Object.fromEntries(
    kept.map(([key, one]) => [
      key,
      withoutWords(one, !isMapOfSchemas && /^(?:properties|definitions)$/.test(key)),
    ]),
  )
}

/** Content of every generated file by its path relative to the root of the repository. */
export async function generate() {
  const ajv = new Ajv({
    allErrors: true,
    strict: false,
    // YAML has `.inf` and `.nan`, and JSON has nothing for them: they would be `null` in a record.
    strictNumbers: true,
    validateFormats: false,
    logger: false,
    messages: false,
    code: { source: true, esm: true, lines: true },
  })
  const exported = {}
  for (const [name, place] of Object.entries(VALIDATORS)) {
    const schema = withoutWords(await loadSchema(place))
    ajv.addSchema(schema, schema.$id)
    exported[name] = schema.$id
  }
  // Ajv's copy of the schema of schemas asks for at least one value in an enum; draft 07 itself, and CodeMie, do not.
  const require = createRequire(import.meta.url)
  const draft07 = structuredClone(require('ajv/dist/refs/json-schema-draft-07.json'))
  draft07.$id = 'json-schema-draft-07'
  draft07.properties.enum = { type: 'array', items: true }
  ajv.addSchema(draft07, draft07.$id)
  exported.validateJsonSchema = draft07.$id
  const code = standaloneCode(ajv, exported)
  const files = await Promise.all(
    Object.keys(exported).map(async (name) => [fileOf(name), await bundleOne(code, name)]),
  )
  const names = files.map(([file], index) => `export { ${Object.keys(exported)[index]} } from './${file}'\n`)
  return {
    ...Object.fromEntries(files.map(([file, text]) => [`schema/generated/${file}`, text])),
    'schema/generated/validators.mjs': `${HEADER}${names.join('')}`,
    'schema/generated/validators.d.mts': TYPES,
  }
}

/** `validate-config.mjs` for `validateConfig`: a file each, so that only what is needed has to be loaded. */
function fileOf(name) {
  return `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.mjs`
}

/** The code still asks for Ajv's helpers with require(); bundling puts them inside, and leaves out the other validators. */
async function bundleOne(code, name) {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { ${name} } from 'validators'`,
      resolveDir: dirname(createRequire(import.meta.url).resolve('ajv')),
    },
    plugins: [
      {
        name: 'validators',
        setup(api) {
          api.onResolve({ filter: /^validators$/ }, ({ path, resolveDir }) => ({
            path,
            namespace: 'validators',
            pluginData: resolveDir,
            sideEffects: false,
          }))
          api.onLoad({ filter: /.*/, namespace: 'validators' }, ({ pluginData }) => ({
            contents: code,
            resolveDir: pluginData,
          }))
        },
      },
    ],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    minifyIdentifiers: true,
    legalComments: 'none',
  })
  return `${HEADER}${outputFiles[0].text.replaceAll(';var ', ';\nvar ').replaceAll(';function ', ';\nfunction ')}`
}

async function main(check) {
  let stale = 0
  for (const [path, content] of Object.entries(await generate())) {
    const file = join(root, path)
    if ((await readFile(file, 'utf8').catch(() => '')) === content) continue
    stale += 1
    if (check) {
      console.error(`${path} is out of date; run "npm run generate"`)
      continue
    }
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  if (check && stale > 0) process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.includes('--check'))
