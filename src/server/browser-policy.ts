import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** What our pages use; everything else is off. Scripts and styles are files of ours, and nothing is framed. */
const CONTENT = {
  'default-src': ["'none'"],
  // With the audio worklets.
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  // With the WebSocket.
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
};

const FEATURES = [
  'microphone=(self)',
  'autoplay=(self)',
  ...['accelerometer', 'camera', 'display-capture', 'geolocation', 'gyroscope', 'hid'],
  ...['magnetometer', 'midi', 'payment', 'serial', 'usb'],
]
  .map((feature) => (feature.includes('=') ? feature : `${feature}=()`))
  .join(', ');

const setHeaders = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: CONTENT },
  xFrameOptions: { action: 'deny' },
  // The server is often reached by plain HTTP in a home; whoever has TLS may add it in front.
  strictTransportSecurity: false,
});

/** The headers by which a browser protects its user from what a page might load. */
export const browserPolicy: RequestHandler = (request, response, next) => {
  response.setHeader('Permissions-Policy', FEATURES);
  setHeaders(request, response, next);
};

/** The same for the viewer of the API, which styles itself from its script. */
export const viewerPolicy = Object.entries({ ...CONTENT, 'style-src': ["'self'", "'unsafe-inline'"] })
  .map(([name, values]) => `${name} ${values.join(' ')}`)
  .join('; ');
