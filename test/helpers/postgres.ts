import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasOpenssl, makeCertificate } from './certificate.ts'

/** Where Debian has the programs of the newest PostgreSQL. `undefined`: it is not installed, or there is no openssl. */
export const POSTGRES_BIN = hasOpenssl ? newestBin() : undefined

/** A server for one file of tests. */
export interface PostgresServer {
  readonly port: number
  /** Of the account `postgres`, who may do anything. */
  readonly password: string
  /** Its certificate, for 127.0.0.1, in PEM. */
  readonly certificate: string
  stop(): Promise<void>
}

/** Makes a new database in a temporary folder and starts a server for it on loopback, which speaks TLS to who asks for it. */
export async function startPostgres(bin: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'))
  const data = join(folder, 'data')
  const password = 'pw-of-postgres-1'
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password)
  const keyFile = join(folder, 'key.pem')
  const certificateFile = join(folder, 'certificate.pem')
  const { key, certificate } = makeCertificate()
  writeFileSync(keyFile, key, { mode: 0o600 })
  writeFileSync(certificateFile, certificate)
  // PostgreSQL refuses to be root.
  const user = process.getuid?.() === 0 ? userOf('postgres') : {}
  if (user.uid !== undefined && user.gid !== undefined) {
    for (const path of [folder, passwordFile, keyFile]) chownSync(path, user.uid, user.gid)
  }
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' }
  const options = { ...user, env, cwd: folder }
  execFileSync(
    join(bin, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '--pwfile',
      passwordFile,
      '-E',
      'UTF8',
      '--no-sync',
    ],
    { ...options, stdio: 'ignore' },
  )
  const port = await freePort()
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    ssl: 'on',
    ssl_cert_file: certificateFile,
    ssl_key_file: keyFile,
  }
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    let log = ''
    server.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString('utf8')
      if (log.includes('ready to accept connections')) resolve()
    })
    server.once('exit', () => reject(new Error(`PostgreSQL did not start: ${log}`)))
  })
  return {
    port,
    password,
    certificate,
    async stop() {
      server.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function newestBin(): string | undefined {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return undefined
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a))
  return versions
    .map((version) => join(root, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'postgres')))
}

function userOf(name: string): { readonly uid?: number; readonly gid?: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined ? {} : { uid: Number(uid), gid: Number(gid) }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  return port
}
