// Runs before the first paint, so that the page never flashes the other theme.
// src/state/theme.ts keeps the choice under the same key.
(function () {
  var choice = 'system';
  try {
    choice = JSON.parse(localStorage.getItem('heddle.theme') || '"system"');
  } catch {
    // Storage refused or foreign content: the system theme is a good answer.
  }
  var dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-theme', dark ? 'dark' : 'light');
})();
