import 'rapidoc';
import './styles/docs.css';

const isDark = matchMedia('(prefers-color-scheme: dark)').matches;

const view = document.createElement('rapi-doc');
const attributes = {
  'spec-url': '/openapi.json',
  'load-fonts': 'false',
  'regular-font': 'system-ui, sans-serif',
  'mono-font': 'ui-monospace, monospace',
  theme: isDark ? 'dark' : 'light',
  'primary-color': isDark ? '#f08a5d' : '#b2431c',
  'bg-color': isDark ? '#151311' : '#f6f3ee',
  'text-color': isDark ? '#f0ebe4' : '#211d19',
  'render-style': 'read',
  'show-header': 'false',
  'schema-style': 'table',
  'nav-item-spacing': 'compact',
  'show-method-in-nav-bar': 'as-colored-text',
  'nav-bg-color': isDark ? '#1a1715' : '#efeae2',
  'nav-text-color': isDark ? '#f0ebe4' : '#211d19',
  // Nothing is sent anywhere but to this server.
  'allow-server-selection': 'false',
  'server-url': location.origin,
  'default-api-server': location.origin,
};
for (const [name, value] of Object.entries(attributes)) view.setAttribute(name, value);
document.body.append(view);
