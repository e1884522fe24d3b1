import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { StepFailure } from '../../../../runner/failure.ts'
import { toJsonSchema } from '../../../../runner/tools/integrations/openapi/schema.ts'
import { loadApiTools } from '../../../../runner/tools/integrations/openapi/tools.ts'
import { startApi } from '../../../helpers/api-server.ts'
import { createIntegrationWorld } from './integrations-world.ts'

const GITHUB = new URL('../../../rig/github-openapi.slim.json', import.meta.url)

/** Everything that a parameter can be, in YAML, with references. */
const SHOP = `
openapi: 3.1.0
info: { title: Shop, version: 2026-01-02 }
paths:
  /items/{id}:
    parameters:
      - $ref: '#/components/parameters/Id'
    get:
      operationId: getItem
      summary: Reads an item
      parameters:
        - { name: fields, in: query, schema: { type: array, items: { type: string } } }
        - { name: tags, in: query, explode: false, schema: { type: array, items: { type: string } } }
        - { name: filter, in: query, style: deepObject, schema: { type: object } }
        - { name: id, in: query, schema: { type: integer } }
        - { name: X-Trace, in: header, schema: { type: string } }
        - { name: Authorization, in: header, schema: { type: string } }
        - { name: session, in: cookie, schema: { type: string } }
    put:
      operationId: putItem
      requestBody:
        required: true
        content:
          application/json: { schema: { $ref: '#/components/schemas/Item' } }
    delete:
      description: |
        Removes an item,
        for good
  /forms:
    post:
      operationId: 'send a form/now'
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: { type: object, properties: { name: { type: string } } }
  /notes:
    post:
      operationId: note
      requestBody: { content: { text/plain: { schema: { type: string } } } }
components:
  parameters:
    Id: { name: id, in: path, required: true, schema: { type: string }, description: Number of the item }
  schemas:
    Item:
      type: object
      required: [name]
      properties:
        name: { type: string, pattern: '(a+)+$', minLength: 1 }
        parts: { type: array, items: { $ref: '#/components/schemas/Item' } }
`

function rootWith(files: Readonly<Record<string, string | Buffer>>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'openapi-')))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

const at = { file: 'config.yaml', line: 1, column: 1 }

function load(root: string, wanted: readonly string[], options: Readonly<Record<string, unknown>> = {}) {
  return loadApiTools(
    { alias: 'shop', type: 'http', env: {}, options: { openapi: 'api.yaml', ...options }, at },
    wanted,
    { root, configFiles: undefined },
  )
}

describe('tools of a document', () => {
  test('have its names, and only those that are asked for are made', async () => {
    const { tools, names } = await load(rootWith({ 'api.yaml': SHOP }), ['shop_getItem', '_shop_putItem'])
    expect(names).toEqual([
      'shop_getItem',
      'shop_putItem',
      'shop_delete_items_id',
      'shop_send_a_form_now',
      'shop_note',
    ])
    expect(tools.map(({ name, reach, description }) => [name, reach, description])).toEqual([
      ['shop_getItem', 'network', 'Reads an item. GET /items/{id}'],
      ['shop_putItem', 'outside', 'PUT /items/{id}'],
    ])
    expect(tools[0]?.parameters).toEqual({
      type: 'object',
      properties: {
        id: { type: 'string', description: 'Number of the item' },
        fields: { type: 'array', items: { type: 'string' } },
        tags: { type: 'array', items: { type: 'string' } },
        filter: { type: 'object' },
        id_query: { type: 'integer' },
        'X-Trace': { type: 'string' },
      },
      required: ['id'],
      additionalProperties: false,
    })
    expect(tools[1]?.parameters).toMatchObject({
      required: ['id', 'body'],
      properties: {
        body: {
          type: 'object',
          required: ['name'],
          properties: { name: { type: 'string', minLength: 1 }, parts: { type: 'array' } },
        },
      },
    })
  })

  test('are those of the allow-list', async () => {
    const root = rootWith({ 'api.yaml': SHOP })
    const { tools, names } = await load(root, ['shop_note', 'shop_putItem'], { operations: ['note'] })
    expect([names, tools.map(({ name }) => name)]).toEqual([['shop_note'], ['shop_note']])
    await expect(load(root, [], { operations: ['getItm'] })).rejects.toMatchObject({
      message: "integration shop: there is no operation 'getItm' in api.yaml",
      help: "Did you mean 'getItem'?",
    })
  })

  test('that would have one name get a number, and long names are cut', async () => {
    const long = 'a'.repeat(80)
    const paths = Object.fromEntries(
      ['x/y', 'x y', long, `${long}b`].map((operationId, i) => [`/${i}`, { get: { operationId } }]),
    )
    const { names } = await load(rootWith({ 'api.yaml': JSON.stringify({ openapi: '3.0.0', paths }) }), [])
    expect(names).toEqual(['shop_x_y', 'shop_x_y_2', `shop_${'a'.repeat(59)}`, `shop_${'a'.repeat(57)}_2`])
  })

  const calls: [tool: string, args: Record<string, unknown>, told: unknown][] = [
    [
      'shop_getItem',
      { id: 'a/b c', fields: ['x', 'y'], tags: ['p', 'q'], filter: { color: 'red' }, id_query: '3' },
      'GET /v1/items/a%2Fb%20c?fields=x&fields=y&tags=p%2Cq&filter%5Bcolor%5D=red&id=3',
    ],
    ['shop_putItem', { id: '1', body: { name: 'n' } }, ['PUT /v1/items/1', { name: 'n' }]],
    ['shop_delete_items_id', { id: '1' }, 'DELETE /v1/items/1'],
    ['shop_send_a_form_now', { body: { name: 'a b&c' } }, ['POST /v1/forms', 'name=a+b%26c']],
    ['shop_note', { body: 'hello' }, ['POST /v1/notes', 'hello']],
  ]
  test.each(calls)('%s %j', async (tool, args, told) => {
    const place = String([told].flat()[0]).replace(/\?.*/, '')
    const server = await startApi({ [place]: { json: { ok: true } } })
    const { tools } = await load(rootWith({ 'api.yaml': SHOP }), [tool])
    const world = createIntegrationWorld({ type: 'http', url: `${server.url}/v1` }, { tools })
    expect(await world.call(tool, args)).toEqual({ ok: true })
    expect(server.told()).toEqual([told])
    expect(server.requests[0]?.headers['authorization']).toBe('Bearer tok-123456')
  })

  const refused: [args: Record<string, unknown>, message: string][] = [
    [{}, '"id" is missing'],
    [{ id: '..' }, 'argument "id" must be something that can stand in an address'],
    [{ id: '' }, 'argument "id" must be something that can stand in an address'],
    [{ id: '1', 'X-Trace': 'a\r\nb' }, 'has a header that HTTP does not allow'],
    [{ id: '1', filds: ['x'] }, '"filds" is not an argument (did you mean "fields"?)'],
  ]
  test.each(refused)('with %j nothing is sent', async (args, message) => {
    const server = await startApi({})
    const { tools } = await load(rootWith({ 'api.yaml': SHOP }), ['shop_getItem'])
    const world = createIntegrationWorld({ type: 'http', url: server.url }, { tools })
    expect((await world.fail('shop_getItem', args)).message).toContain(message)
    expect(server.requests).toEqual([])
  })
})

describe('a document that', () => {
  const rows: [situation: string, content: string | Buffer, message: string][] = [
    ['is none', 'hello', 'api.yaml is no OpenAPI document'],
    [
      'is broken YAML',
      'openapi: 3.0.0\npaths: [',
      'api.yaml:2: The indentation does not fit the lines above',
    ],
    ['is broken JSON', '{"openapi": ', 'api.yaml is no OpenAPI document'],
    [
      'is of another version',
      'swagger: "2.0"\nopenapi: 2.0.0',
      'api.yaml is of OpenAPI 2.0.0, and 3.0 and 3.1 are read',
    ],
    [
      'is huge',
      Buffer.alloc(17 * 1024 * 1024, ' '),
      'api.yaml has 17825792 bytes, and 16777216 are the most that are read',
    ],
  ]
  test.each(rows)('%s', async (_situation, content, message) => {
    const failure = await load(rootWith({ 'api.yaml': content }), []).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StepFailure)
    expect((failure as StepFailure).message).toBe(`integration shop: ${message}`)
  })

  test.each([
    ['is not there', 'api.yml'],
    ['is outside', '../api.yaml'],
    ['belongs to git', '.git/config'],
  ])('%s', async (_situation, openapi) => {
    const failure = await load(rootWith({ 'a.md': '' }), [], { openapi }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StepFailure)
  })

  test('holds what it should not gives tools all the same', async () => {
    const document = {
      openapi: '3.0.0',
      paths: {
        '/a': {
          get: {
            operationId: 'odd',
            parameters: [
              null,
              { name: 3, in: 'query' },
              { $ref: '#/components/nowhere' },
              { $ref: 'https://evil.example/x.json' },
              { name: 'q', in: 'query', schema: { type: 'strin', enum: [], minimum: 'x', required: true } },
              { name: '__proto__', in: 'query', schema: { type: 'string' } },
            ],
            requestBody: { content: [] },
          },
          post: 'nothing',
        },
        b: { get: {} },
      },
    }
    const { tools, names } = await load(rootWith({ 'api.yaml': JSON.stringify(document) }), ['shop_odd'])
    expect(names).toEqual(['shop_odd'])
    const server = await startApi({ 'GET /a': { json: 1 } })
    const world = createIntegrationWorld({ type: 'http', url: server.url }, { tools })
    expect(await world.call('shop_odd', { q: 'x' })).toBe(1)
  })
})

describe('a schema', () => {
  const document = {
    components: { schemas: { Loop: { properties: { next: { $ref: '#/components/schemas/Loop' } } } } },
  }
  const rows: [situation: string, schema: unknown, expected: unknown][] = [
    [
      'that may be null, as 3.0 writes it',
      { type: 'string', nullable: true, enum: ['a'] },
      { type: ['string', 'null'], enum: ['a', null] },
    ],
    [
      'with excluded limits, as 3.0 writes them',
      { minimum: 1, exclusiveMinimum: true, maximum: 2, exclusiveMaximum: false },
      { exclusiveMinimum: 1, maximum: 2 },
    ],
    ['with excluded limits, as 3.1 writes them', { exclusiveMinimum: 1 }, { exclusiveMinimum: 1 }],
    [
      'of choices',
      { oneOf: [{ type: 'string' }, { $ref: '#/nowhere' }] },
      { oneOf: [{ type: 'string' }, {}] },
    ],
    ['that is true', true, {}],
  ]
  test.each(rows)('%s', (_situation, schema, expected) => {
    expect(toJsonSchema(document, schema)).toEqual(expected)
  })

  test('that refers to itself ends', () => {
    const text = JSON.stringify(toJsonSchema(document, { $ref: '#/components/schemas/Loop' }))
    expect(text.match(/next/g)).toHaveLength(13)
  })

  test('that is too much is left open at its end', () => {
    const properties = Object.fromEntries(
      Array.from({ length: 5000 }, (_, i) => [`p${i}`, { type: 'string' }]),
    )
    const read = toJsonSchema({}, { properties })['properties'] as Record<string, object>
    expect(Object.values(read).filter((one) => Object.keys(one).length > 0)).toHaveLength(499)
  })
})

test('GitHub’s own description gives a tool for each of its operations, and they can be called', async () => {
  const root = rootWith({ 'api.yaml': readFileSync(GITHUB) })
  const { names } = await load(root, [])
  const { tools } = await load(root, names)
  const { paths } = JSON.parse(readFileSync(GITHUB, 'utf8')) as { paths: Record<string, object> }
  const count = Object.values(paths).flatMap((path) => Object.keys(path)).length
  expect([names.length, tools.length]).toEqual([count, count])
  const server = await startApi({ 'POST /repos/acme/app/pulls': { status: 201, json: { number: 1 } } })
  const world = createIntegrationWorld({ type: 'http', url: server.url }, { tools })
  const body = { title: 'Fix', head: 'fix', base: 'main' }
  await world.call('shop_pulls_create', { owner: 'acme', repo: 'app', body })
  expect(server.told()).toEqual([['POST /repos/acme/app/pulls', body]])
  expect((await world.fail('shop_pulls_create', { owner: 'acme', repo: 'app', body: {} })).message).toBe(
    'shop_pulls_create: the arguments do not fit: "body.head" is missing; "body.base" is missing',
  )
  // Every schema can be compiled: the arguments are checked, and lack something.
  for (const { name, parameters } of tools.filter(
    (tool) => (tool.parameters['required'] as string[]).length > 0,
  )) {
    expect((await world.fail(name)).message, JSON.stringify(parameters)).toContain('is missing')
  }
})
