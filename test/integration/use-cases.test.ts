import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { startSystems as startStatusPage } from '../../examples/report-with-chart/systems.mjs'
import { startSystems as startOffice } from '../../examples/staged-approval/systems.mjs'
import { startSystems as startShopAndCrm } from '../../examples/system-sync/systems.mjs'
import { expectPart } from '../helpers/page-part.ts'
import type { CliResult } from '../helpers/run-cli.ts'
import { copyUseCase, EXAMPLES, SYSTEMS, type UseCase, type UseCasePlan } from '../helpers/use-case.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()

const open: UseCase[] = []
afterEach(() => {
  for (const copy of open.splice(0)) copy.remove()
})

/** A copy of an example whose models are played by the test. */
function copyOf(name: string, plan: UseCasePlan = {}): UseCase {
  const env = { OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: bench.server.url, ...plan.env }
  const copy = copyUseCase(name, { ...plan, env })
  open.push(copy)
  return copy
}

/** The output of a run that ended well. */
function outputOf({ status, stdout, stderr }: CliResult): unknown {
  if (status !== 0) throw new Error(`status ${status}\n${stderr}`)
  return JSON.parse(stdout)
}

/** Systems that are gone with the test. */
function untilDone<T extends { close(): unknown }>(systems: T): T {
  onTestFinished(() => void systems.close())
  return systems
}

const statusPage = async () => {
  const token = 'status-0123456789'
  const systems = untilDone(await startStatusPage({ token }))
  return { systems, plan: { systems: systems.url, env: { STATUS_TOKEN: token } } }
}

const office = async () => {
  const token = 'office-0123456789'
  const systems = untilDone(await startOffice({ token }))
  return { systems, plan: { systems: systems.url, env: { OFFICE_TOKEN: token } } }
}

const shopAndCrm = async () => {
  const [shopToken, crmToken] = ['shop-0123456789', 'crm-0123456789']
  const systems = untilDone(await startShopAndCrm({ shopToken, crmToken }))
  return { systems, plan: { systems: systems.url, env: { SHOP_TOKEN: shopToken, CRM_TOKEN: crmToken } } }
}

/** How the page of an example is made: its workflow, what a run is given, and a run that ends well. */
interface Page {
  readonly workflow: string
  readonly given?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly run: () => Promise<UseCase>
  /** The file that the run writes. */
  readonly writes: string
}

const PAGES: Readonly<Record<string, Page>> = {
  'data-pipeline': {
    workflow: 'orders',
    writes: 'out/report.md',
    async run() {
      const copy = copyOf('data-pipeline')
      outputOf(await copy.cli('run', 'orders', '--push'))
      return copy
    },
  },
  'report-with-chart': {
    workflow: 'month',
    writes: 'out/2026-01.md',
    given: ['-i', 'month=2026-01'],
    env: { STATUS_TOKEN: 'status-0123456789' },
    async run() {
      const copy = copyOf('report-with-chart', (await statusPage()).plan)
      commentOnMonth()
      outputOf(await copy.cli('run', 'month', '-i', 'month=2026-01', '--push'))
      return copy
    },
  },
  'multi-step-analysis': {
    workflow: 'why',
    writes: 'out/why.md',
    async run() {
      const copy = copyOf('multi-step-analysis')
      investigate()
      outputOf(await copy.cli('run', 'why', '--push'))
      return copy
    },
  },
  'staged-approval': {
    workflow: 'purchase',
    writes: 'audit/p-1042.json',
    given: ['-i', 'request=p-1042'],
    env: { OFFICE_TOKEN: 'office-0123456789' },
    async run() {
      const copy = copyOf('staged-approval', (await office()).plan)
      await copy.cli('run', 'purchase', '-i', 'request=p-1042', '--push')
      copy.git('config', 'user.name', 'Lea')
      await copy.cli('approve', 'latest', '--push')
      copy.git('config', 'user.name', 'Finn')
      outputOf(await copy.cli('approve', 'latest', '--push'))
      return copy
    },
  },
  'system-sync': {
    workflow: 'customers',
    writes: 'log/customers.json',
    env: { SHOP_TOKEN: 'shop-0123456789', CRM_TOKEN: 'crm-0123456789' },
    async run() {
      const copy = copyOf('system-sync', (await shopAndCrm()).plan)
      outputOf(await copy.cli('run', 'customers', '--push'))
      return copy
    },
  },
}

test('every use case has a page that is compared below', () => {
  const folders = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(PAGES).sort())
})

describe.each(Object.entries(PAGES))(
  'examples/%s',
  (name, { workflow, given = [], env = {}, run, writes }) => {
    const page = new URL(`${name}/README.md`, EXAMPLES)
    const fenced = (language: string, text: string) => `\`\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\``

    test('is valid without a warning, and has a page with its graph and a plan that says what it comes to', async () => {
      const copy = copyOf(name, { env })
      expect(await copy.cli('validate', '--strict')).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('no problems'),
      })
      const plan = await copy.cli('plan', workflow, ...given)
      expect(plan.status).toBe(0)
      expect(plan.stdout).not.toMatch(/no limit|not known/)
      expectPart(page, 'plan', fenced('text', plan.stdout))
      const graph = await copy.cli('graph', workflow)
      expectPart(page, 'graph', `\`\`\`mermaid\n${graph.stdout.trimEnd()}\n\`\`\``)
    })

    test('has a page with the record of a run, and with what it writes', async () => {
      const copy = await run()
      bench.server.assertDone()
      const record = copy.record()
      const text = atHome(copy.read(writes) ?? '').trimEnd()
      const quoted = text.replace(/^/gm, '> ').replace(/ +$/gm, '')
      expectPart(page, 'result', writes.endsWith('.md') ? quoted : `\`\`\`json\n${text}\n\`\`\``)
      expect((await copy.cli('verify')).status).toBe(0)
      const files = fenced('text', treeOf(Object.keys(record)))
      const shown = fenced('markdown', plainPage(record['README.md'] ?? ''))
      expectPart(
        page,
        'record',
        `${files}\n\nIts \`README.md\`, which a forge shows with the folder, begins with\n\n${shown}`,
      )
    })
  },
)

/** Paths as a tree in which each folder is one line. */
function treeOf(paths: readonly string[]): string {
  const folders = [...new Set(paths.map(folderOf))]
  const width = Math.max(...folders.map(({ length }) => length))
  return folders
    .sort()
    .flatMap((folder) => {
      const names = paths.filter((path) => folderOf(path) === folder).map((path) => path.slice(folder.length))
      return folder === '' ? names : [`${folder.padEnd(width)}  ${names.join(' ')}`]
    })
    .join('\n')
}

const folderOf = (path: string) => path.replace(/[^/]+$/, '')

/** A text in which systems are where the example has them. */
const atHome = (text: string) => text.replace(/127\.0\.0\.1:\d+/g, new URL(SYSTEMS).host)

/** The page of a record down to its graph, with what differs from run to run left out, and of many items the first and the last. */
function plainPage(text: string): string {
  return atHome(text.split('\n## Graph')[0] ?? '')
    .replace(/\d{8}T\d{6}Z-[0-9a-f]{8}/g, '20260102T030405Z-0a1b2c3d')
    .replace(/`[0-9a-f]{12}`/g, '`…`')
    .replace(
      /((?:\| `[\w-]+\[1\]` .*\n))(?:\| `[\w-]+\[\d+\]` .*\n){3,}(\| `[\w-]+\[\d+\]` .*\n)/g,
      '$1| … | | | | |\n$2',
    )
}

describe('a data pipeline', () => {
  test('cleans, sums up and reports, and comes to the same again', async () => {
    const copy = copyOf('data-pipeline')
    const counts = { lines: 85, good: 79, bad: 4, duplicates: 2 }
    const expected = { counts, total_cents: 4399550, files: ['out/orders.csv', 'out/report.md'] }
    expect(outputOf(await copy.cli('run', 'orders'))).toEqual(expected)
    const csv = copy.read('out/orders.csv')?.split('\n') ?? []
    expect([csv.length, csv[0], csv[20], csv.at(-1)]).toEqual([
      81,
      'order,day,region,product,quantity,cents',
      '1020,2026-01-09,East,Lamp,1,3999',
      '',
    ])
    // Names of regions are one way, and a price with a comma is a price.
    expect(csv.filter((line) => /^10(06|10|15),/.test(line))).toEqual([
      '1006,2026-01-03,North,Desk,1,34900',
      '1010,2026-01-04,South,Lamp,5,19995',
      '1015,2026-01-07,East,Lamp,4,15996',
    ])
    const cents = csv.slice(1, -1).map((line) => Number(line.split(',')[5]))
    expect(cents.reduce((sum, one) => sum + one)).toBe(expected.total_cents)
    expect(copy.read('out/report.md')).toContain('| North | 28 | 17415.18 | 39.6 % |')
    copy.git('add', '-A')
    copy.git('commit', '-qm', 'Orders')
    expect(outputOf(await copy.cli('run', 'orders'))).toEqual(expected)
    expect(copy.git('status', '--porcelain')).toBe('')
    expect(bench.server.requests).toEqual([])
  })

  test('writes nothing when too many lines are bad, and names each', async () => {
    const copy = copyOf('data-pipeline')
    expect(outputOf(await copy.cli('run', 'orders', '-i', 'max_bad_percent=4'))).toMatchObject({
      problem: '4 of 85 lines are bad, so nothing was written.',
      bad: [
        { line: 22, problem: 'price is no number' },
        { line: 30, problem: 'quantity is no number' },
        { line: 36, problem: 'region is missing' },
        { line: 44, problem: 'day is not like 2026-01-31' },
      ],
    })
    expect(copy.git('status', '--porcelain')).toBe('')
  })

  test('refuses a file with more lines than its plan reckons with', async () => {
    const line = '1,2026-01-01,North,Desk,1,1.00\n'
    const copy = copyOf('data-pipeline', { files: { 'data/long.csv': `head\n${line.repeat(1001)}` } })
    const { status, stderr } = await copy.cli('run', 'orders', '-i', 'orders=data/long.csv')
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining(
        "error too-many-items: The output of 'split' holds 1001 items, and its output_schema allows 1000",
      ),
    ])
  })
})

const COMMENT =
  'Checkout had most deployments and most minutes down. Look at what its deployments of the second week changed.'
const commentOnMonth = () =>
  bench.server.when(
    'Comment on the figures of 2026-01',
    JSON.stringify({ comment: COMMENT, look_at: ['checkout'] }),
  )

describe('a report from several sources', () => {
  test('holds figures that were computed from all of them, with a chart, and what a model says about them', async () => {
    const { systems, plan } = await statusPage()
    const copy = copyOf('report-with-chart', plan)
    // It names a service that there is not, and is asked again.
    bench.server.when(
      'Comment on the figures of 2026-01',
      JSON.stringify({ comment: COMMENT, look_at: ['payments'] }),
    )
    bench.server.when(
      'does not fit the required JSON Schema',
      JSON.stringify({ comment: COMMENT, look_at: ['checkout'] }),
    )
    expect(outputOf(await copy.cli('run', 'month', '-i', 'month=2026-01'))).toEqual({
      month: '2026-01',
      totals: { deploys: 36, failed: 3, incidents: 5, minutes: 59 },
      deploys_by_week: [6, 14, 11, 4, 1],
      incidents_by_week: [1, 2, 1, 1, 0],
      look_at: ['checkout'],
    })
    expect(copy.read('out/2026-01.md')).toContain('bar [6, 14, 11, 4, 1]\n  line [1, 2, 1, 1, 0]')
    expect(bench.server.requests[0]?.lastUserMessage).toContain('| checkout | 20 | 3 | 3 | 47 |')
    expect(systems.requests).toEqual(['GET /v1/downtime?month=2026-01'])
    expect(copy.git('status', '--porcelain')).toBe('?? out/')
    bench.server.assertDone()
  })

  test('comes without a comment when no model answers', async () => {
    const copy = copyOf('report-with-chart', (await statusPage()).plan)
    bench.server.otherwise({ status: 400 })
    expect(outputOf(await copy.cli('run', 'month', '-i', 'month=2026-02'))).toMatchObject({
      totals: { deploys: 8, minutes: 98 },
      look_at: [],
    })
    expect(copy.read('out/2026-02.md')).toMatch(
      /^# Services in 2026-02\n\nNo model commented on these figures\.\n/,
    )
  })

  test('goes on where a source was out of reach, and reads the others once', async () => {
    const { systems, plan } = await statusPage()
    const copy = copyOf('report-with-chart', plan)
    commentOnMonth()
    const failed = await copy.cliWith(
      { STATUS_TOKEN: 'expired-0123456789' },
      'run',
      'month',
      '-i',
      'month=2026-01',
    )
    expect([failed.status, failed.stderr]).toEqual([6, expect.stringContaining("integration 'status'")])
    expect(copy.read('out/2026-01.md')).toBeUndefined()
    copy.write('data/deploys.log', '')
    const resumed = await copy.cli('resume', 'latest')
    expect(outputOf(resumed)).toMatchObject({ totals: { deploys: 36 } })
    expect(resumed.stderr).toMatch(/↺ deploys +done before/)
    expect(systems.requests).toHaveLength(2)
  })
})

const FIRST_ERROR = '2026-03-12T14:33:58Z GET /api/checkout 503 3946ms web-2'

/** A team that looks into two causes: for one it finds lines of the log, for the other it makes one up. */
function investigate(): void {
  const { server } = bench
  const last = ({ body }: { body: { messages: { content: string; role: string }[] } }) => body.messages.at(-1)
  server.when('What may be the cause', {
    text: '{"causes": ["too few connections to the bank", "a full disc on web-2"]}',
  })
  const call = (name: string, args: object) => ({ toolCalls: [{ name, args }] })
  const verdict = (cause: string, because: string, quotes: readonly string[]) =>
    JSON.stringify({ cause, verdict: 'supported', because, quotes })
  server.when(
    /Is this the cause[\s\S]*Current task: too few connections/,
    call('skill', { name: 'reading-access-logs' }),
    call('search_files', { query: ' /api/checkout 50[0-9] ', regex: true, path: 'logs', limit: 20 }),
    call('ask_historian', { question: 'What was changed at checkout before 2026-03-12 14:33?' }),
    (request) =>
      verdict('Too few connections to the bank', `${last(request)?.content}`, [
        FIRST_ERROR,
        'it was the bank',
      ]),
  )
  server.when(
    /Is this the cause[\s\S]*Current task: a full disc/,
    verdict('A full disc on web-2', 'The log says so.', ['2026-03-12T14:31:00Z disc of web-2 is full']),
  )
  server.when(
    'What was changed at checkout',
    call('read_file', { path: 'docs/changes/2026-03.md' }),
    'checkout 5.0.0 at 14:30 has 10 connections to the bank instead of 50.',
  )
  server.when(
    'What is the cause, how sure',
    'Release 5.0.0 of checkout left too few connections. Take it back first.',
  )
}

describe('an analysis in several steps', () => {
  test('counts facts, has causes looked into, and believes only what is in the log', async () => {
    const copy = copyOf('multi-step-analysis')
    investigate()
    expect(outputOf(await copy.cli('run', 'why'))).toEqual({
      supported: ['Too few connections to the bank'],
      open: ['A full disc on web-2'],
      refuted: [],
      conclusion: 'Release 5.0.0 of checkout left too few connections. Take it back first.',
    })
    bench.server.assertDone()
    expect(copy.read('out/why.md')).toContain(
      `- \`${FIRST_ERROR}\`\n  - Quotes that are not in the log, and do not count: 1\n`,
    )
    const said = JSON.stringify(bench.server.requests.map(({ body }) => body.messages))
    // The skill, the matches of the search, and the list of changes reached the one who asked for them.
    expect(said).toContain('One slow line proves nothing')
    expect(said).toContain(FIRST_ERROR)
    expect(said).toContain('Owner: Payments team.')
  })

  test('asks no model about a log without errors', async () => {
    const copy = copyOf('multi-step-analysis', {
      files: { 'logs/quiet.log': '2026-03-12T14:00:15Z GET /api/cart 200 41ms web-2\n' },
    })
    expect(await copy.cli('run', 'why', '-i', 'log=logs/quiet.log')).toMatchObject({
      status: 0,
      stdout: 'Requests: 1, from 2026-03-12T14:00:15Z to 2026-03-12T14:00:15Z. Answered with 5xx: 0.\n',
    })
    expect(bench.server.requests).toEqual([])
  })
})

describe('an approval in several stages', () => {
  const start = (copy: UseCase, request: string) =>
    copy.cli('run', 'purchase', '-i', `request=${request}`, '--push')
  const auditOf = (copy: UseCase, request: string) =>
    JSON.parse(copy.read(`audit/${request}.json`) ?? '[]').map(
      ({ step, decision }: Record<string, string>) => `${step}: ${decision}`,
    )
  const approvalsOf = (copy: UseCase) =>
    JSON.parse(copy.record()['approvals.json'] ?? '[]').map(
      ({ path, decision, by }: { path: string; decision: string; by: { name: string } }) =>
        `${by.name} ${decision} ${path}`,
    )
  const P1042 = 'p-1042: Noor Haddad (Support) wants to buy from Fjord Office AS for 6902.00 EUR.'

  test('orders once both have said yes to exactly that, and never again', async () => {
    const { systems, plan } = await office()
    const copy = copyOf('staged-approval', plan)
    expect((await start(copy, 'p-1042')).status).toBe(3)
    expect(systems.messages).toEqual([`${P1042} Waits for the team lead.`])
    const asks = JSON.parse((await copy.cli('show', 'latest', '--json')).stdout).asks
    expect(asks).toMatchObject([{ path: 'lead', task: expect.stringContaining('\\"cents\\": 690200') }])

    copy.git('config', 'user.name', 'Lea')
    expect((await copy.cli('approve', 'latest', '--digest', '000000000000')).status).toBe(2)
    expect((await copy.cli('approve', 'latest', '--digest', asks[0].digest, '--push')).status).toBe(3)
    expect(systems.messages.at(-1)).toBe(`${P1042} Waits for finance.`)
    expect([...systems.orders]).toEqual([])

    copy.git('config', 'user.name', 'Finn')
    // The ordering system does not take the call: what was approved stays approved.
    const failed = await copy.cliWith({ OFFICE_TOKEN: 'expired-0123456789' }, 'approve', 'latest', '--push')
    expect(failed.status).toBe(6)
    expect(outputOf(await copy.cli('resume', 'latest', '--push'))).toEqual({
      request: 'p-1042',
      total_cents: 690200,
      decision: 'ordered',
    })
    expect(systems.orders.get('p-1042')).toMatchObject({ vendor: 'Fjord Office AS', cents: 690200 })
    expect(systems.messages).toHaveLength(3)
    expect(auditOf(copy, 'p-1042')).toEqual(['team lead: approved', 'finance: approved', 'order: ordered'])
    expect(approvalsOf(copy)).toEqual(['Lea approved lead', 'Finn approved finance'])
    expect((await copy.cli('verify')).status).toBe(0)

    expect(outputOf(await start(copy, 'p-1042'))).toEqual({ request: 'p-1042', decision: 'ordered before' })
    expect(systems.requests.filter((line) => line.startsWith('PUT'))).toHaveLength(2)
    expect(systems.messages).toHaveLength(3)
  })

  test('orders nothing when the second says no, and tells why', async () => {
    const { systems, plan } = await office()
    const copy = copyOf('staged-approval', plan)
    await start(copy, 'p-1042')
    copy.git('config', 'user.name', 'Lea')
    await copy.cli('approve', 'latest', '--push')
    copy.git('config', 'user.name', 'Finn')
    const reason = "A person rejected the step 'finance': Not in this quarter"
    expect(outputOf(await copy.cli('reject', 'latest', '-m', 'Not in this quarter', '--push'))).toEqual({
      request: 'p-1042',
      total_cents: 690200,
      decision: 'rejected',
      reason,
    })
    expect([...systems.orders]).toEqual([])
    expect(systems.messages.at(-1)).toBe(`${P1042} Declined: ${reason}`)
    expect(auditOf(copy, 'p-1042')).toEqual(['team lead: approved', 'finance: rejected'])
    expect(approvalsOf(copy)).toEqual(['Lea approved lead', 'Finn rejected finance'])
  })

  test('asks the team lead alone for a small sum', async () => {
    const { systems, plan } = await office()
    const copy = copyOf('staged-approval', plan)
    expect((await start(copy, 'p-1043')).status).toBe(3)
    expect(outputOf(await copy.cli('approve', 'latest', '--push'))).toMatchObject({ total_cents: 14280 })
    expect(systems.messages.map((text: string) => text.replace(/.* EUR\. /, ''))).toEqual([
      'Waits for the team lead.',
      'Ordered.',
    ])
    expect(auditOf(copy, 'p-1043')).toEqual(['team lead: approved', 'order: ordered'])
  })
})

describe('two systems that are brought together', () => {
  const REFUSED = /^c-05: crm_putContact: .* answered with status 422: \{"message":"email: is no address"\}$/
  const sent = ({ requests }: { requests: readonly string[] }) =>
    requests.filter((line) => line.startsWith('PUT')).sort()

  test('are the same afterwards but for what one refuses, and a second run sends only that', async () => {
    const { systems, plan } = await shopAndCrm()
    const copy = copyOf('system-sync', plan)
    const entry = {
      customers: 8,
      without_email: ['c-04'],
      sent: ['c-01', 'c-03', 'c-05', 'c-07', 'c-08'],
      refused: [expect.stringMatching(REFUSED)],
    }
    expect(outputOf(await copy.cli('run', 'customers'))).toEqual({ entry })
    expect(sent(systems)).toEqual([
      'PUT /crm/contacts/c-01 {"name":"Lena Vogel","email":"lena.vogel@example.org","country":"DE"}',
      'PUT /crm/contacts/c-03 {"name":"Aino Laine","email":"aino.laine@example.org","country":"FI"}',
      'PUT /crm/contacts/c-05 {"name":"Siobhán Byrne","email":"siobhan.example.org","country":"IE"}',
      'PUT /crm/contacts/c-07 {"name":"Ingrid Dahl","email":"ingrid@example.org","country":"NO"}',
      'PUT /crm/contacts/c-08 {"name":"Joana Reis","email":"joana@example.org","country":"PT"}',
    ])

    systems.requests.length = 0
    outputOf(await copy.cli('run', 'customers'))
    expect(sent(systems)).toEqual([expect.stringContaining('PUT /crm/contacts/c-05')])

    // Somebody mends the address in the shop.
    Object.assign(systems.customers[4] ?? {}, { email: 'siobhan@example.org' })
    outputOf(await copy.cli('run', 'customers'))
    systems.requests.length = 0
    outputOf(await copy.cli('run', 'customers'))
    expect(systems.requests).toEqual(['GET /shop/customers', 'GET /crm/contacts'])
    expect(
      JSON.parse(copy.read('log/customers.json') ?? '').map((one: typeof entry) => [
        one.sent,
        one.refused.length,
      ]),
    ).toEqual([
      [entry.sent, 1],
      [['c-05'], 1],
      [['c-05'], 0],
      [[], 0],
    ])
    expect(copy.git('status', '--porcelain')).toBe('?? log/')
  })

  test('each see their own token, and no record holds one', async () => {
    const { systems, plan } = await shopAndCrm()
    const copy = copyOf('system-sync', plan)
    expect((await copy.cliWith({ CRM_TOKEN: 'shop-0123456789' }, 'run', 'customers')).status).toBe(6)
    expect(sent(systems)).toEqual([])
    outputOf(await copy.cli('resume', 'latest', '--push'))
    expect(JSON.stringify(copy.record())).not.toMatch(/(shop|crm)-0123456789/)
  })

  test('keep what is in them: no workflow gets a tool that deletes', async () => {
    const copy = copyOf('system-sync', (await shopAndCrm()).plan)
    const file = '.codemie/workflows/customers.yaml'
    copy.write(file, (copy.read(file) ?? '').replace('tool: crm_putContact', 'tool: crm_deleteContact'))
    expect(await copy.cli('run', 'customers')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("'deleteContact'"),
    })
  })
})
