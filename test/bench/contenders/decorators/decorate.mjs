// Applies a legacy decorator to the one method that all contenders have, as a compiler would.

/** @returns {object} an instance of the decorated class */
export function decorated(load, decorator) {
  class Products {
    async product(id) {
      return load(id);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Products.prototype, "product");
  const replaced = decorator(Products.prototype, "product", descriptor) ?? descriptor;
  Object.defineProperty(Products.prototype, "product", replaced);
  return new Products();
}
