internal import COpenBLAS

/// A dense matrix of doubles, row by row: element (r, c) is `values[r * columns + c]`.
package struct Matrix: Sendable, Equatable {
    package let rows: Int
    package let columns: Int
    package var values: [Double]

    package init(rows: Int, columns: Int, values: [Double]) {
        precondition(
            values.count == rows * columns,
            "\(rows)×\(columns) matrix needs \(rows * columns) values, got \(values.count)")
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    package init(rows: Int, columns: Int) {
        self.init(rows: rows, columns: columns, values: [Double](repeating: 0, count: rows * columns))
    }

    package subscript(row: Int, column: Int) -> Double {
        @inline(__always) get { values[row * columns + column] }
        @inline(__always) set { values[row * columns + column] = newValue }
    }

    /// `op(self) · op(other)`, each optionally transposed.
    package func times(_ other: Matrix, transposed: Bool = false, otherTransposed: Bool = false) -> Matrix {
        let (m, k) = transposed ? (columns, rows) : (rows, columns)
        let (k2, n) = otherTransposed ? (other.columns, other.rows) : (other.rows, other.columns)
        precondition(k == k2, "product of \(m)×\(k) and \(k2)×\(n)")
        var product = Matrix(rows: m, columns: n)
        guard m > 0, n > 0, k > 0 else { return product }
        useOneThread()
        cblas_dgemm(
            CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, otherTransposed ? CblasTrans : CblasNoTrans,
            blasint(m), blasint(n), blasint(k), 1, values, blasint(columns), other.values, blasint(other.columns), 0,
            &product.values, blasint(n))
        return product
    }

    /// `op(self) · vector`.
    package func times(_ vector: [Double], transposed: Bool = false) -> [Double] {
        precondition(
            vector.count == (transposed ? rows : columns), "\(rows)×\(columns) matrix and \(vector.count)-vector")
        var product = [Double](repeating: 0, count: transposed ? columns : rows)
        guard rows > 0, columns > 0 else { return product }
        useOneThread()
        cblas_dgemv(
            CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, blasint(rows), blasint(columns), 1, values,
            blasint(columns), vector, 1, 0, &product, 1)
        return product
    }

    package var transpose: Matrix {
        var result = Matrix(rows: columns, columns: rows)
        for r in 0..<rows { for c in 0..<columns { result.values[c * rows + r] = values[r * columns + c] } }
        return result
    }
}

/// One thread: the matrices of a fit are small, and OpenMP's waiting threads spin on the core that the live path needs.
/// OpenMP keeps the setting per calling thread, and a queue's work may come on any: so it is said before each call.
@inline(__always) func useOneThread() { openblas_set_num_threads(1) }

/// Linear algebra on symmetric matrices, by LAPACK. "Not positive definite" is a value (`nil`), not an error.
extension Matrix {
    /// Solves `self · X = right` for a symmetric positive definite `self`; `nil` where it is not.
    package func choleskySolve(_ right: Matrix) -> Matrix? {
        precondition(rows == columns && right.rows == rows, "Cholesky of \(rows)×\(columns) with \(right.rows) rows")
        useOneThread()
        var factor = values
        var solution = right
        let info = LAPACKE_dposv(
            LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "L")), Int32(rows), Int32(right.columns), &factor,
            Int32(columns), &solution.values, Int32(right.columns))
        return info == 0 ? solution : nil
    }

    package func choleskySolve(_ right: [Double]) -> [Double]? {
        choleskySolve(Matrix(rows: right.count, columns: 1, values: right))?.values
    }

    /// Eigenvalues ascending and eigenvectors as columns of a symmetric matrix; `nil` if LAPACK does not converge.
    package func symmetricEigen() -> (values: [Double], vectors: Matrix)? {
        precondition(rows == columns, "eigenvalues of \(rows)×\(columns)")
        useOneThread()
        var vectors = self
        var eigenvalues = [Double](repeating: 0, count: rows)
        let info = LAPACKE_dsyevd(
            LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "L")), Int32(rows), &vectors.values,
            Int32(columns), &eigenvalues)
        return info == 0 ? (eigenvalues, vectors) : nil
    }
}
