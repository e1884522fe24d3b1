import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

/** What loading a module of `runner/` loads at once, beside our own files. */
async function eagerImports(module: string): Promise<string[]> {
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
  const first = Object.keys(outputs).find((path) => outputs[path]?.entryPoint?.endsWith(module)) ?? ''
  const chunks = new Set([first])
  const eager: string[] = []
  for (const chunk of chunks) {
    for (const { path, kind } of outputs[chunk]?.imports ?? []) {
      if (kind !== 'import-statement') continue
      if (path in outputs) chunks.add(path)
      else eager.push(path)
    }
  }
  return [...new Set(eager)].filter((name) => !name.startsWith('node:')).sort()
}

it.each([
  'models/client.ts',
  'models/structured.ts',
  'models/check-provider.ts',
  'models/prices.ts',
  'models/tokens.ts',
])('%s loads no package before it is needed', async (module) => {
  expect(await eagerImports(module)).toEqual([])
})

it.each(['interpret.ts', 'tools/project-tools.ts', 'plan.ts', 'preflight.ts'])(
  '%s loads nothing of MCP before a server is asked',
  async (module) => {
    expect((await eagerImports(module)).filter((name) => name.startsWith('@modelcontextprotocol'))).toEqual(
      [],
    )
  },
)

it('what asks a server loads the client', async () => {
  expect(await eagerImports('mcp/servers.ts')).toContain('@modelcontextprotocol/client')
})
