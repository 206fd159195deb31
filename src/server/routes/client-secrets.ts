import { Router } from 'express';
import { VivavoceError } from '../../errors.ts';
import { type ClientSecret, clientSecretRequest } from '../../protocol/rest.ts';
import { SCOPES } from '../../protocol/scopes.ts';
import { defaultSession, mergeSession, type SessionDefaults } from '../../session/session-config.ts';
import type { Auth } from '../auth.ts';
import { callerOf, ownerOf, requireScope } from '../caller.ts';
import { validate } from '../validate.ts';

const DEFAULT_SECONDS = 600;

interface Deps {
  readonly auth: Auth;
  readonly defaults: () => SessionDefaults;
}

/** Short-lived keys for browsers: whoever has a real key makes them. */
export function clientSecretRoutes({ auth, defaults }: Deps): Router {
  const router = Router();
  router.use('/realtime', requireScope('talk'));
  router.post('/realtime/client_secrets', (request, response) => {
    const { isEphemeral, scopes } = callerOf(request);
    if (isEphemeral) {
      throw new VivavoceError('forbidden', 'An ephemeral key cannot make another one; use an API key.');
    }
    const wanted = validate(clientSecretRequest, request.body ?? {});
    const { session, user } = wanted;
    const granted = wanted.scopes ?? SCOPES.filter((scope) => scope !== 'operate');
    const { value, expiresAtMs } = auth.mint({
      owner: ownerOf(request, user),
      scopes: scopes.filter((scope) => granted.includes(scope)),
      patch: session ?? null,
      seconds: wanted.expires_after?.seconds ?? DEFAULT_SECONDS,
      maxUses: wanted.max_uses ?? null,
    });
    const base = defaults();
    const effective = mergeSession(defaultSession(base), session ?? {}, base, { voiceIsFixed: false });
    const expiresAt = Math.floor(expiresAtMs / 1000);
    response.json({ value, expires_at: expiresAt, session: { ...effective } } satisfies ClientSecret);
  });
  return router;
}
