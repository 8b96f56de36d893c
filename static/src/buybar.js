// The bar at the bottom of a product's page on a phone. It is hidden while the button that it replaces is visible, and shows the price of the chosen
// SKU. Without scripts it is always visible, with the price of the SKU with which the page was loaded.
const bar = document.querySelector('[data-buy-bar]');
const button = bar && document.querySelector('[data-buy]');

if (button) {
  new IntersectionObserver(entries => { bar.inert = entries.at(-1).isIntersecting; }).observe(button);
  button.form?.addEventListener('change', e => {
    const price = e.target.closest('label')?.querySelector('[data-sku-price]');
    if (price) bar.querySelector('[data-buy-price]').replaceChildren(...price.cloneNode(true).childNodes);
  });
}
