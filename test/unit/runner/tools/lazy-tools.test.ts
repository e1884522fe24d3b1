import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { eagerLoad } from '../../../helpers/eager-load.ts'

test('a workflow that names no tool of a family loads none of its code', async () => {
  const { files } = await eagerLoad('tools/project-tools.ts')
  expect(files.filter((file) => file.endsWith('runner/tools/http-send.ts'))).toHaveLength(1)
  const further = /runner\/tools\/(integrations\/(?!openapi\/name)|git-change|propose)/
  expect(files.filter((file) => further.test(file))).toEqual([])
})

test('setting a run up loads neither tools nor integrations', async () => {
  const { files } = await eagerLoad('setup.ts')
  expect(files.filter((file) => /runner\/(tools|integrations)/.test(file))).toEqual([])
})

test.each([
  ['sql', 'pg|mysql2|node-sqlite3-wasm'],
  ['message', 'nodemailer'],
])('tools of %s load their packages when they are called', async (folder, packages) => {
  const entry = folder === 'sql' ? ['tools.ts'] : ['notify.ts', 'email.ts']
  const used = await Promise.all(entry.map((name) => eagerLoad(`tools/integrations/${folder}/${name}`)))
  const text = used.flatMap(({ files }) => files).map((file) => readFileSync(file, 'utf8'))
  expect(text.length).toBeGreaterThan(2)
  expect(text.filter((one) => new RegExp(`^import (?!type).*'(${packages})'`, 'm').test(one))).toEqual([])
})
