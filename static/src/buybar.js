// The bar at a phone's foot on a product's page: away while the button that it stands for can be seen, and with the price of the edition that
// is chosen. Without scripts it stays, with the price of the one that the page came with.
const bar = document.querySelector('[data-buy-bar]');
const button = bar && document.querySelector('[data-buy]');

if (button) {
  new IntersectionObserver(entries => { bar.inert = entries.at(-1).isIntersecting; }).observe(button);
  button.form?.addEventListener('change', e => {
    const price = e.target.closest('label')?.querySelector('[data-edition-price]');
    if (price) bar.querySelector('[data-buy-price]').replaceChildren(...price.cloneNode(true).childNodes);
  });
}
