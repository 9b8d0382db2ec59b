# hint: not_scaled
def find_outlier_rows(table, limit):
    norms = table.norm(dim=1)
    distances = (norms - norms.median()).abs()
    return (distances > limit * distances.median()).nonzero().flatten().tolist()
