import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

/** Our own files that loading a module loads at once. */
async function eagerFiles(module: string): Promise<readonly string[]> {
  const entry = fileURLToPath(new URL(`../../../../runner/${module}`, import.meta.url))
  const { metafile } = await build({
    entryPoints: [entry],
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
  const chunks = new Set(Object.keys(outputs).filter((path) => outputs[path]?.entryPoint?.endsWith(module)))
  const files: string[] = []
  for (const chunk of chunks) {
    files.push(...Object.keys(outputs[chunk]?.inputs ?? {}))
    for (const { path, kind } of outputs[chunk]?.imports ?? []) {
      if (kind === 'import-statement' && path in outputs) chunks.add(path)
    }
  }
  return files
}

test('a workflow that names no tool of a family loads none of its code', async () => {
  const files = await eagerFiles('tools/project-tools.ts')
  expect(files.filter((file) => file.endsWith('runner/tools/http-send.ts'))).toHaveLength(1)
  const further = /runner\/tools\/(integrations\/(?!openapi\/name)|git-change)/
  expect(files.filter((file) => further.test(file))).toEqual([])
})

test('setting a run up loads neither tools nor integrations', async () => {
  const files = await eagerFiles('setup.ts')
  expect(files.filter((file) => /runner\/(tools|integrations)/.test(file))).toEqual([])
})

test.each([
  ['sql', 'pg|mysql2|node-sqlite3-wasm'],
  ['message', 'nodemailer'],
])('tools of %s load their packages when they are called', async (folder, packages) => {
  const entry = folder === 'sql' ? ['tools.ts'] : ['notify.ts', 'email.ts']
  const used = await Promise.all(entry.map((name) => eagerFiles(`tools/integrations/${folder}/${name}`)))
  const text = used.flat().map((file) => readFileSync(file, 'utf8'))
  expect(text.length).toBeGreaterThan(2)
  expect(text.filter((one) => new RegExp(`^import (?!type).*'(${packages})'`, 'm').test(one))).toEqual([])
})
