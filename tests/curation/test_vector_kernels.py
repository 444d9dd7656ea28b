import numpy as np
from scipy import sparse

from curation import vector_kernels


def test_products_are_those_of_numpy_and_rows_keep_their_bits():
    generator = np.random.default_rng(0)
    rows, columns = (generator.normal(size=shape).astype(np.float32) for shape in ((23, 40), (40, 17)))
    rows[generator.random(rows.shape) < 0.4] = 0
    result = np.empty((23, 17), np.float32)
    vector_kernels.products(rows, columns, result)
    np.testing.assert_allclose(result, rows @ columns, rtol=1e-4, atol=1e-5)
    alone = np.empty((1, 17), np.float32)
    vector_kernels.products(rows[7:8], columns, alone)
    np.testing.assert_array_equal(alone[0], result[7])
    packed = sparse.csr_matrix(rows)
    again = np.empty((23, 17), np.float32)
    vector_kernels.sparse_products(packed.indptr, packed.indices, packed.data, columns, again)
    np.testing.assert_array_equal(again, result)


def test_mean_of_largest():
    values = np.array([[1, 5, 3, 4], [-1, -2, -3, -4]], np.float32)
    result = np.empty(2)
    vector_kernels.mean_of_largest(values, 2, result)
    assert result.tolist() == [4.5, -1.5]
    vector_kernels.mean_of_largest(values, 4, result)
    assert result.tolist() == [3.25, -2.5]
